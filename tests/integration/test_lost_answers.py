"""Commands and timers when an answer is lost or an id is taken, against the real database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.kernel.command import Receipt, Unavailable
from shared.kernel.ids import derived_id
from shared.mongo import transaction
from shared.mongo.clock_lane import ClockLane
from shared.mongo.documents import to_document
from shared.mongo.leases import MongoLeases
from shared.mongo.reader import MongoReader
from shared.mongo.sampling import sample
from shared.mongo.transaction import OutcomeUnknown
from tests.support.ledger import Add, Ledger, bell, book, command, ledger

pytestmark = pytest.mark.integration


@pytest.fixture
async def ours(mongo_uri: str, unique: str) -> AsyncIterator[Ledger]:
    """A ledger whose command lane runs."""
    async with ledger(mongo_uri, unique) as fresh:
        stop = asyncio.Event()
        lane = asyncio.create_task(fresh.bus.run(stop))
        yield fresh
        stop.set()
        await lane


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next commit happens, and its answer never comes."""
    real, answers = transaction._commit, iter([OutcomeUnknown("AutoReconnect")])

    async def commit(session: Any, end: float) -> None:
        await real(session, end)
        for error in answers:
            raise error

    monkeypatch.setattr(transaction, "_commit", commit)


@pytest.mark.usefixtures("lost")
async def test_a_command_whose_commit_is_unknown_happens_once_with_and_without_a_key(ours: Ledger) -> None:
    keyed, bare = await asyncio.gather(
        ours.bus.submit(command(Add("keyed", 1), key="k")),
        ours.bus.submit(command(Add("bare", 1))),
        return_exceptions=True,
    )
    assert isinstance(keyed, Receipt)
    assert isinstance(bare, Unavailable)
    assert bare.code == "OUTCOME_UNKNOWN"
    totals = [(await ours.account(id_) or {})["total"] for id_ in ("keyed", "bare")]
    assert totals == [1, 1]


async def test_a_command_after_the_lane_has_ended_is_turned_away(mongo_uri: str, unique: str) -> None:
    async with ledger(mongo_uri, unique) as fresh:
        stop = asyncio.Event()
        stop.set()
        await fresh.bus.run(stop)
        with pytest.raises(Unavailable):
            await asyncio.wait_for(fresh.bus.submit(command(Add("a", 1))), 1.0)


async def test_a_timer_whose_event_id_is_taken_rests_and_holds_up_no_other(ours: Ledger) -> None:
    taken = bell("a", in_s=-10)
    outbox = {"_id": taken.event_id, "shard": 0, "topic": "t", "key": "a", "sequence": 1, "value": b""}
    await ours.mongo.collection("outbox").insert_one(outbox)
    await ours.mongo.collection("timers").insert_many([to_document(taken), to_document(bell("b"))])
    clock = ClockLane("ledger", ours.uow, book, MongoLeases(ours.mongo))
    assert await asyncio.wait_for(clock.sweep(), 5.0) == 2
    assert await ours.account("a") is None
    assert await ours.account("b") is not None
    assert await clock.sweep() == 0


async def test_a_parked_event_is_not_yet_applied(ours: Ledger) -> None:
    inbox = ours.mongo.collection("inbox")
    reader, act = MongoReader(ours.mongo), derived_id("x")
    for number, outcome in enumerate(("PARKED", "APPLIED")):
        await inbox.insert_one({"_id": f"ledger|t|s|{number}", "cause_id": act, "outcome": outcome})
    assert await reader.applied("ledger", act) == 1
    await inbox.update_many({}, {"$set": {"outcome": "APPLIED"}})
    assert await reader.applied("ledger", act) == 2


async def test_the_gauge_of_parked_rows_falls_when_the_last_is_released(ours: Ledger) -> None:
    heads = ours.mongo.collection("parked_heads")
    await heads.insert_one({"_id": "h", "topic": "t", "count": 3})
    await sample(ours.mongo, ours.metrics, ours.clock)
    assert ours.metrics.registry.get_sample_value("pulang_parked_rows", {"topic": "t"}) == 3
    await heads.delete_one({"_id": "h"})
    await sample(ours.mongo, ours.metrics, ours.clock)
    assert not ours.metrics.registry.get_sample_value("pulang_parked_rows", {"topic": "t"})
