"""What cannot be saved ends within few tries: as a refusal of one input, or as a bug that somebody hears of."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.events.incoming import Halted, Partition
from shared.mongo.clock_lane import ClockLane
from shared.mongo.documents import to_document
from shared.mongo.leases import MongoLeases
from shared.mongo.releasing import mark
from shared.mongo.transaction import Stuck
from tests.support.ledger import OWN, PARTNER, Add, Broken, Ledger, Log, bell, book, command, ledger

pytestmark = [pytest.mark.integration, pytest.mark.timeout(30)]

NOBODY_READS = {"_id": "odd", "version": 1, "total": "not a number"}


@pytest.fixture
async def ours(mongo_uri: str, unique: str) -> AsyncIterator[Ledger]:
    """A ledger that owns its partitions, with no account refused."""
    async with ledger(mongo_uri, unique) as fresh:
        await fresh.lane.positions([Partition(OWN, 0), Partition(PARTNER, 0)])
        Broken.accounts = set()
        yield fresh


async def apply(ours: Ledger, log: Log, *flags: dict[str, object]) -> None:
    """One batch of additions."""
    records = [log.added(str(each.pop("account")), 1, **each) for each in flags]  # type: ignore[arg-type]
    await ours.lane.apply([ours.decode(record) for record in records])


async def logs(ours: Ledger) -> dict[object, object]:
    """Each account's amounts."""
    return {row["_id"]: row.get("log") for row in await ours.rows("accounts")}


async def reasons(ours: Ledger, name: str) -> list[object]:
    """Why rows stand there."""
    return [row["reason"] for row in await ours.rows(name)]


async def test_a_rule_that_gives_two_events_one_id_is_refused_the_second_time(ours: Ledger) -> None:
    await apply(
        ours, Log(), {"account": "a", "report_id": "fixed"}, {"account": "b", "report_id": "fixed"}, {"account": "c"}
    )
    assert await logs(ours) == {"a": [1], "c": [1]}
    assert await reasons(ours, "parked_heads") == ["DUPLICATE_KEY"]


async def test_the_same_from_a_partner_stands_in_quarantine(ours: Ledger) -> None:
    await apply(ours, Log(PARTNER), {"account": "a", "report_id": "fixed"}, {"account": "b", "report_id": "fixed"})
    assert await logs(ours) == {"a": [1]}
    assert await reasons(ours, "quarantine") == ["DUPLICATE_KEY"]


async def test_a_line_of_the_timeline_that_is_there_already_refuses_its_event_alone(ours: Ledger) -> None:
    await ours.mongo.collection("timeline").insert_one({"_id": "accounts|a|1"})
    await apply(ours, Log(), {"account": "a"}, {"account": "b"})
    assert await logs(ours) == {"b": [1]}
    assert await reasons(ours, "parked_heads") == ["DUPLICATE_KEY"]


async def test_an_event_that_not_even_its_refusal_can_be_saved_of_stops_the_partition(ours: Ledger) -> None:
    Broken.accounts = {"a"}
    await ours.mongo.collection("parked").insert_one({"_id": f"ledger|{OWN}|a|{1:012d}"})
    with pytest.raises(Halted, match="DUPLICATE_KEY"):
        await apply(ours, Log(), {"account": "b"}, {"account": "a"})
    assert await logs(ours) == {"b": [1]}


async def test_a_command_on_what_nobody_can_read_is_a_bug_for_its_caller_alone(ours: Ledger) -> None:
    await ours.mongo.collection("accounts").insert_one(NOBODY_READS)
    stop = asyncio.Event()
    lane = asyncio.create_task(ours.bus.run(stop))
    bad, good = await asyncio.gather(
        *(ours.bus.submit(command(Add(account, 1))) for account in ("odd", "a")), return_exceptions=True
    )
    assert isinstance(bad, Stuck)
    assert good.aggregate.id == "a"  # type: ignore[union-attr]
    stop.set()
    await lane


async def test_a_timer_about_what_nobody_can_read_holds_back_no_other(ours: Ledger) -> None:
    await ours.mongo.collection("accounts").insert_one(NOBODY_READS)
    await ours.mongo.collection("timers").insert_many([to_document(bell("odd")), to_document(bell("a"))])
    clock = ClockLane("ledger", ours.uow, book, MongoLeases(ours.mongo))
    assert [await clock.sweep(), await clock.sweep()] == [2, 0]
    assert (await logs(ours))["a"] == [1000]


async def test_a_release_onto_what_nobody_can_read_stops_there(ours: Ledger) -> None:
    Broken.accounts = {"odd"}
    await apply(ours, Log(), {"account": "odd"}, {"account": "odd"})
    Broken.accounts = set()
    await ours.mongo.collection("accounts").insert_one(NOBODY_READS)
    assert await mark(ours.mongo, f"ledger|{OWN}|odd")
    await ours.releaser.sweep()
    (head,) = await ours.rows("parked_heads")
    assert (head["count"], head["reason"], head["releasing"]) == (2, "UNSAVABLE", False)
