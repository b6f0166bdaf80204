"""Timers against the real database."""

import asyncio

import pytest

from shared.mongo.client import Mongo
from shared.mongo.clock_lane import ClockLane
from shared.mongo.documents import to_document
from shared.mongo.leases import MongoLeases
from tests.support.ledger import Ledger, bell, book, ledger

pytestmark = pytest.mark.integration


@pytest.fixture
async def ours(mongo_uri: str, unique: str):
    """A fresh ledger."""
    async with ledger(mongo_uri, unique) as fresh:
        yield fresh


def clock(ours: Ledger) -> ClockLane:
    """Its clock role."""
    return ClockLane("ledger", ours.uow, book, MongoLeases(ours.mongo))


async def start(ours: Ledger, *timers) -> None:
    """Save timers as if units of work had."""
    for timer in timers:
        await ours.mongo.collection("timers").insert_one(to_document(timer))


async def test_a_due_timer_fires_once_and_one_that_is_not_due_waits(ours: Ledger) -> None:
    await start(ours, bell("a"), bell("b", in_s=3600))
    assert await clock(ours).sweep() == 1
    assert await clock(ours).sweep() == 0
    a = await ours.account("a")
    assert a and a["log"] == [1000]
    assert await ours.account("b") is None
    assert bell("a").event_id in {row["_id"] for row in await ours.rows("outbox")}


async def test_two_clocks_on_one_timer_have_one_effect(ours: Ledger) -> None:
    await start(ours, *(bell(f"a{n}") for n in range(20)))
    await asyncio.gather(clock(ours).sweep(), clock(ours).sweep())
    assert [row["log"] for row in await ours.rows("accounts")] == [[1000]] * 20


async def test_one_failing_timer_stops_no_other(ours: Ledger) -> None:
    failing = bell("x").evolve(id="broken", kind="NO_SUCH_RULE")
    await start(ours, failing, bell("a"))
    assert await clock(ours).sweep() == 2
    assert await ours.account("a")
    (kept,) = await ours.rows("timers", {"_id": "broken"})
    assert kept["status"] == "RUNNING"


async def test_a_document_that_is_no_timer_stops_no_other(ours: Ledger) -> None:
    await start(ours, bell("x").evolve(id="unreadable"), bell("a"))
    await ours.mongo.collection("timers").update_one({"_id": "unreadable"}, {"$set": {"rung": "nonsense"}})
    lane = clock(ours)
    assert await lane.sweep() == 1
    assert await ours.account("a")
    assert await lane.sweep() == 0, "it rests, and is not read again each second"


async def test_nothing_fires_while_the_servers_time_is_far_off(ours: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    await start(ours, bell("a"))
    lane = clock(ours)

    async def far_off() -> float:
        return 61.0

    monkeypatch.setattr(lane, "skew_s", far_off)
    assert await lane.sweep() == 0
    assert await ours.account("a") is None


async def test_a_lease_has_one_holder_and_passes_on_when_released(mongo_uri: str, unique: str) -> None:
    mongo = Mongo(mongo_uri, unique)
    first, second = MongoLeases(mongo, ttl_s=30), MongoLeases(mongo, ttl_s=30)
    assert await first.hold("x") is not None
    assert await second.hold("x") is None
    assert await first.hold("x") is not None
    await first.release("x")
    assert await second.hold("x") is not None
    row = await mongo.collection("leases").find_one({"_id": "x"})
    assert row and row["token"] == 2
    await mongo.close()


async def test_a_lease_that_is_not_renewed_expires_in_the_servers_time(mongo_uri: str, unique: str) -> None:
    mongo = Mongo(mongo_uri, unique)
    first, second = MongoLeases(mongo, ttl_s=0.5), MongoLeases(mongo, ttl_s=0.5)
    assert await first.hold("x") is not None
    assert await second.hold("x") is None
    await asyncio.sleep(0.7)
    assert await second.hold("x") is not None
    assert await first.hold("x") is None
    await mongo.close()
