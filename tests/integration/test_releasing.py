"""Releasing parked events when the rows are not as kind as one hopes, against the real database."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from shared.events.incoming import Partition, Record
from shared.kernel.aggregate import Need
from shared.kernel.rulebook import Registered
from shared.mongo.client import Mongo
from shared.mongo.event_lane import EventLane
from shared.mongo.releasing import Releaser, mark
from tests.support.ledger import OWN, Account, Added, Broken, Ledger, Log, book, ledger

pytestmark = pytest.mark.integration

NOWHERE = "mongodb://127.0.0.1:1/"


@pytest.fixture
async def ours(mongo_uri: str, unique: str) -> AsyncIterator[Ledger]:
    """A ledger that owns its partition, with no account refused."""
    async with ledger(mongo_uri, unique) as fresh:
        await fresh.lane.positions([Partition(OWN, 0)])
        Broken.accounts.clear()
        yield fresh
        Broken.accounts.clear()


async def apply(ours: Ledger, *records: Record) -> None:
    await ours.lane.apply([ours.decode(record) for record in records])


async def release_all(ours: Ledger) -> None:
    for head in await ours.rows("parked_heads"):
        await mark(ours.mongo, str(head["_id"]))
    await ours.releaser.sweep()


async def test_a_row_that_no_database_takes_does_not_hold_back_the_rows_before_it(ours: Ledger) -> None:
    log = Log()
    Broken.accounts.add("a")
    await apply(ours, *(log.added("a", amount) for amount in (1, 2, 2**62, 2**62, 5)))
    Broken.accounts.clear()
    await release_all(ours)
    account = await ours.account("a")
    assert account and account["log"] == [1, 2, 2**62]
    (head,) = await ours.rows("parked_heads")
    assert (head["count"], head["reason"], head["releasing"]) == (2, "UNSAVABLE", False)


async def test_a_row_that_waits_for_something_else_is_released_by_its_creation(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.added("k", 1, waits="first"), log.added("k", 2, waits="second"))
    await apply(ours, log.added("first", 1))
    await ours.releaser.sweep()
    (head,) = await ours.rows("parked_heads")
    assert (head["count"], head["waits_for"]) == (1, "accounts|second")
    await apply(ours, log.added("second", 1))
    await ours.releaser.sweep()
    assert await ours.rows("parked_heads") == []
    account = await ours.account("k")
    assert account and account["log"] == [1, 2]


async def test_one_batch_may_park_behind_a_key_and_create_what_the_key_waits_for(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.added("k", 1, waits="new"))
    await apply(ours, log.added("k", 2), log.added("new", 1), log.added("k", 3))
    conflicts = ours.metrics.registry.get_sample_value("pulang_unit_of_work_conflicts_total", {"lane": "EventBatch"})
    assert not conflicts
    (head,) = await ours.rows("parked_heads")
    assert (head["count"], head["releasing"]) == (3, True)
    await ours.releaser.sweep()
    account = await ours.account("k")
    assert account and account["log"] == [1, 2, 3]


async def test_what_could_not_be_read_counts_once_when_it_can(ours: Ledger) -> None:
    """A release that reads more than the one before: the inbox has no row of it yet, and needs one from then on."""
    log = Log()
    good = log.added("a", 1, id_="01890000-0000-7000-8000-000000000001")
    await apply(ours, log.record("a", b"unreadable"))
    assert good.value is not None
    await ours.mongo.collection("parked").update_one({}, {"$set": {"value": good.value}})
    await release_all(ours)
    await apply(ours, log.record("a", good.value))
    account = await ours.account("a")
    assert account and account["log"] == [1]


async def test_a_bug_on_many_keys_ends_their_release_and_not_the_process(ours: Ledger) -> None:
    log = Log()
    keys = ("a", "b", "c", "d")
    Broken.accounts.update(keys)
    await apply(ours, *(log.added(key, 1) for key in keys))
    Broken.accounts.clear()
    for key in keys:
        crashing = log.added(key, 1, crash=True).value
        await ours.mongo.collection("parked").update_one({"head": f"ledger|{OWN}|{key}"}, {"$set": {"value": crashing}})
    await release_all(ours)
    heads = await ours.rows("parked_heads")
    assert [(head["reason"], head["releasing"]) for head in heads] == [("HANDLER_FAILED", False)] * 4


async def test_a_rule_that_fails_to_say_what_it_needs_is_asked_all_the_same(
    ours: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: object) -> Iterable[Need]:
        raise KeyError

    Broken.accounts.add("a")
    await apply(ours, Log().added("a", 1))
    Broken.accounts.clear()
    monkeypatch.setitem(book.events, Added, Registered(book.events[Added].rule, failing))
    await release_all(ours)
    account = await ours.account("a")
    assert account and account["log"] == [1]


async def test_many_keys_that_wait_in_vain_do_not_hide_one_whose_wait_is_over(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.added("target", 1))
    heads = ours.mongo.collection("parked_heads")
    row = {"consumer": "ledger", "topic": OWN, "count": 1, "last": 1, "revision": 1, "releasing": False, "reason": "X"}
    vain = [row | {"_id": f"ledger|{OWN}|v{n}", "key": f"v{n}", "waits_for": f"accounts|v{n}"} for n in range(1100)]
    await heads.insert_many(vain)
    await heads.insert_one(row | {"_id": f"ledger|{OWN}|z", "key": "z", "waits_for": "accounts|target"})
    await ours.releaser._mark_fulfilled()
    marked = await ours.rows("parked_heads", {"releasing": True})
    assert [head["key"] for head in marked] == ["z"]


async def test_an_outage_ends_neither_the_releaser_nor_a_take_over(ours: Ledger, unique: str) -> None:
    away = Mongo(NOWHERE, unique, server_selection_timeout_ms=100)
    uow = ours.uow.__class__(away, ours.clock, ours.uow.outbox, ours.metrics)
    lane = EventLane("ledger", uow, ours.lane.judge, ours.lane.sealer)
    stop = asyncio.Event()
    releasing = asyncio.create_task(Releaser(lane, ours.decode, frozenset({Account.collection})).run(stop))
    taking = asyncio.create_task(lane.positions([Partition(OWN, 0)]))
    await asyncio.wait({releasing, taking}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
    assert not releasing.done()
    assert not taking.done()
    assert lane.waiting
    stop.set()
    taking.cancel()
    await releasing
    await away.close()
