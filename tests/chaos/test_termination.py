"""SIGTERM under load: the process leaves in order and soon, and the other one goes on at once."""

import asyncio
import time

import pytest
from pymongo import AsyncMongoClient

from tests.chaos.conftest import Site
from tests.support.oracle import seeded
from tests.support.processes import LedgerProcess

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

ROUNDS = 10
GRACE_S = 10.0
TAKEOVER_S = 1.0
KEYS = [f"k{n}" for n in range(20)]


async def test_who_is_told_to_stop_leaves_in_order_and_the_other_takes_over_at_once(ours: Site) -> None:
    rng = seeded()
    load = asyncio.create_task(ours.publisher.flow(100_000, KEYS, rng, per_s=100))
    old = await (await ours.start()).ready()
    for _ in range(ROUNDS):
        heir = await (await ours.start()).ready()
        await asyncio.sleep(rng.uniform(0.0, 1.0))  # sometimes in the middle of the rebalance
        await leaves(ours, old)
        old = heir
    load.cancel()
    await asyncio.sleep(0.5)  # for acknowledgements under way
    await ours.oracle.judge(ours.publisher.journal)
    await old.terminate()
    await nothing_to_repeat(ours)


async def leaves(ours: Site, process: LedgerProcess) -> None:
    """It ends with 0 in time, and its leases are the other's within a second."""
    before = await holders(ours)
    took = await process.terminate(GRACE_S)
    began = time.monotonic()
    while before.keys() != {lease for lease, holder in (await holders(ours)).items() if holder != before[lease]}:
        assert time.monotonic() - began < TAKEOVER_S, f"leases were not taken over: {before}"
        await asyncio.sleep(0.02)
    print(f"left after {took:.2f} s, taken over {time.monotonic() - began:.2f} s later")


async def holders(ours: Site) -> dict[str, str]:
    """Who holds which of the relay's leases."""
    async with AsyncMongoClient[dict[str, str]](ours.addresses.mongo_uri) as client:
        rows = await client[ours.database]["leases"].find({"_id": {"$regex": "^ledger/"}}).to_list()
    return {row["_id"]: row["holder"] for row in rows}


async def nothing_to_repeat(ours: Site) -> None:
    """The group's offsets stand where the effects do: an orderly way out leaves nothing to be delivered again."""
    committed = await ours.oracle.committed()
    async with AsyncMongoClient[dict[str, int]](ours.addresses.mongo_uri) as client:
        rows = await client[ours.database]["progress"].find().to_list()
    assert committed == {row["_id"]: row["next"] for row in rows}
