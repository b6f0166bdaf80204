"""Commits whose answers get lost: the effect is there once, whatever the driver was told."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymongo
import pytest

from tests.chaos.conftest import Site

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

NAME = "pulang-ledger-under-test"
# After "no primary" the driver waits for its next look at the node. A node that really stops being primary says so at
# once; one that was only told to say so is looked at every ten seconds.
OPTIONS = f"&appName={NAME}&heartbeatFrequencyMS=500"
FAULTS: dict[str, dict[str, Any]] = {
    "the connection closes": {"closeConnection": True},
    "no primary any more": {"errorCode": 91},
    "done, but perhaps not on a majority": {"writeConcernError": {"code": 64, "errmsg": "waiting timed out"}},
    "done, and the node goes down": {"writeConcernError": {"code": 91, "errmsg": "going down"}},
}


@contextmanager
def failing_commits(mongo_uri: str, fault: dict[str, Any], mode: Any) -> Iterator[None]:
    """Let the server fail commits of our process alone; the fault must have been met, or nothing was tested."""
    with pymongo.MongoClient[dict[str, Any]](mongo_uri) as client:
        data = {"failCommands": ["commitTransaction"], "appName": NAME, **fault}
        before = client.admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": data})["count"]
        try:
            yield
        finally:
            off = client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
        assert off["count"] > before


async def test_a_lost_answer_to_a_commit_neither_loses_nor_repeats(ours: Site) -> None:
    process = await (await ours.start(mongo=ours.addresses.mongo_uri + OPTIONS)).ready()
    await ours.publisher.add("k0")
    await ours.oracle.settled()
    for times in (1, 5):
        for name, fault in FAULTS.items():
            with failing_commits(ours.addresses.mongo_uri, fault, {"times": times}):
                await asyncio.gather(*[await ours.publisher.adding(f"k{n % 4}") for n in range(20)])
                took = await ours.oracle.settled()
            print(f"{name}, {times} times: {took:.1f} s")
    assert process.alive
    counts = await ours.oracle.judge(ours.publisher.journal)
    assert counts["timeline"] == 1 + 20 * 2 * len(FAULTS)
    await process.terminate()


async def test_answers_lost_for_longer_than_a_commit_is_repeated_are_settled_by_what_the_database_says(
    ours: Site,
) -> None:
    process = await (await ours.start(mongo=ours.addresses.mongo_uri + OPTIONS)).ready()
    done = FAULTS["done, and the node goes down"]
    for fault in (FAULTS["the connection closes"], done):
        with failing_commits(ours.addresses.mongo_uri, fault, "alwaysOn"):
            await asyncio.gather(*[await ours.publisher.adding(f"k{n % 4}") for n in range(20)])
            await asyncio.sleep(5.0)
        await ours.oracle.settled()
    assert process.alive
    await ours.oracle.judge(ours.publisher.journal)
    await process.terminate()
