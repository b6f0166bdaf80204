"""Rows expire by the system's time: the server deletes by it, whatever the domain's clock says."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from shared.events.incoming import Partition
from shared.kernel.clock import system_clock
from shared.mongo.client import Mongo
from shared.mongo.indexes import RUNTIME
from tests.support.ledger import OWN, PARTNER, Add, Ledger, Log, command, ledger

pytestmark = pytest.mark.integration

EXPIRING = {"inbox", "dead_letters", "quarantine", "idempotency"}


def long_ago() -> datetime:
    """A domain clock two years behind: longer than any row is kept."""
    return system_clock() - timedelta(days=730)


async def leave_rows(ours: Ledger) -> None:
    """One row of everything that expires."""
    log, theirs = Log(), Log(topic=PARTNER)
    await ours.lane.positions([Partition(OWN, 0), Partition(PARTNER, 0)])
    records = [log.added("a", 1), theirs.added("b", 1, refuse=True), theirs.record("b", b"unreadable")]
    await ours.lane.apply([ours.decode(record) for record in records])
    stop = asyncio.Event()
    lane = asyncio.create_task(ours.bus.run(stop))
    await ours.bus.submit(command(Add("c", 1), key="k"))
    stop.set()
    await lane


async def ttl_fields(mongo: Mongo) -> dict[str, str]:
    """Which field of which collection the server deletes by."""
    found = {}
    for name in RUNTIME:
        for index in (await mongo.collection(name).index_information()).values():
            if "expireAfterSeconds" in index:
                assert index["expireAfterSeconds"] == 0
                found[name] = index["key"][0][0]
    return found


async def test_a_story_played_in_the_past_loses_no_rows(mongo_uri: str, unique: str) -> None:
    async with ledger(mongo_uri, unique) as ours:
        await leave_rows(Ledger(ours.mongo, clock=long_ago))
        fields = await ttl_fields(ours.mongo)
        del fields["rates"]  # counts of a minute, which nothing that comes again depends on
        assert fields.keys() == EXPIRING
        for name, field in fields.items():
            rows = await ours.rows(name)
            assert rows, name
            assert all(row[field] > datetime.now(UTC) + timedelta(days=1) for row in rows), name  # type: ignore[operator]
