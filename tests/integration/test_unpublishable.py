"""An event that cannot be published is refused where it is decided; no worker, lane or clock ends over it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.events.incoming import Partition
from shared.kernel.errors import Kind, Reject
from shared.mongo.clock_lane import ClockLane
from shared.mongo.documents import to_document
from shared.mongo.leases import MongoLeases
from shared.mongo.releasing import mark
from tests.support.ledger import OWN, PARTNER, TOO_MUCH, Add, Ledger, Log, Loud, bell, book, command, ledger

pytestmark = [pytest.mark.integration, pytest.mark.timeout(30)]

LOUD = {"big": TOO_MUCH, "odd": "\ud800"}


@pytest.fixture
async def ours(mongo_uri: str, unique: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ledger]:
    """A ledger in which two accounts say what cannot be published."""
    monkeypatch.setattr(Loud, "accounts", LOUD)
    async with ledger(mongo_uri, unique) as fresh:
        await fresh.lane.positions([Partition(OWN, 0), Partition(PARTNER, 0)])
        yield fresh


async def apply(ours: Ledger, log: Log, *accounts: str) -> None:
    """One batch of additions."""
    await ours.lane.apply([ours.decode(log.added(account, 1)) for account in accounts])


async def logs(ours: Ledger) -> dict[object, object]:
    """Each account's amounts."""
    return {row["_id"]: row["log"] for row in await ours.rows("accounts")}


async def sent(ours: Ledger) -> list[object]:
    """Whose events wait for the broker."""
    return [row["key"] for row in await ours.rows("outbox")]


async def test_on_our_own_topics_its_key_is_parked_and_all_others_flow(ours: Ledger) -> None:
    await apply(ours, Log(), "a", "big", "b", "odd", "big", "c")
    assert await logs(ours) == {name: [1] for name in "abc"}
    assert sorted(map(str, await sent(ours))) == ["a", "b", "c"]
    heads = {row["key"]: (row["reason"], row["count"]) for row in await ours.rows("parked_heads")}
    assert heads == {"big": ("EVENT_TOO_LARGE", 2), "odd": ("HANDLER_FAILED", 1)}


async def test_a_partners_fact_that_causes_it_stands_in_quarantine(ours: Ledger) -> None:
    await apply(ours, Log(PARTNER), "a", "big", "b")
    assert await logs(ours) == {"a": [1], "b": [1]}
    assert [row["reason"] for row in await ours.rows("quarantine")] == ["EVENT_TOO_LARGE"]


async def test_a_release_of_its_key_goes_on_once_the_rule_says_less(
    ours: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await apply(ours, Log(), "big", "big")
    assert await mark(ours.mongo, f"ledger|{OWN}|big")
    await ours.releaser.sweep()
    (head,) = await ours.rows("parked_heads")
    assert (head["count"], head["reason"], head["releasing"]) == (2, "EVENT_TOO_LARGE", False)
    monkeypatch.setattr(Loud, "accounts", {})
    assert await mark(ours.mongo, f"ledger|{OWN}|big")
    await ours.releaser.sweep()
    assert await logs(ours) == {"big": [1, 1]}


async def test_a_command_that_causes_it_is_refused_alone_and_leaves_nothing(ours: Ledger) -> None:
    stop = asyncio.Event()
    lane = asyncio.create_task(ours.bus.run(stop))
    big, odd, good = await asyncio.gather(
        *(ours.bus.submit(command(Add(account, 1), key=account)) for account in ("big", "odd", "a")),
        return_exceptions=True,
    )
    stop.set()
    await lane
    assert isinstance(big, Reject)
    assert (big.code, big.kind) == ("EVENT_TOO_LARGE", Kind.INVALID)
    assert isinstance(odd, TypeError | ValueError), "a bug of ours, which answers 500"
    assert good.aggregate.id == "a"  # type: ignore[union-attr]
    assert await logs(ours) == {"a": [1]}
    assert await sent(ours) == ["a"]
    assert [row["_id"] for row in await ours.rows("idempotency")] == ["a"]


async def test_a_timer_that_causes_it_rests_where_operators_see_it_and_holds_back_no_other(ours: Ledger) -> None:
    timers = [to_document(bell(account)) for account in ("big", "odd", "a")]
    await ours.mongo.collection("timers").insert_many(timers)
    clock = ClockLane("ledger", ours.uow, book, MongoLeases(ours.mongo))
    assert [await clock.sweep(), await clock.sweep()] == [3, 0]
    assert await logs(ours) == {"a": [1000]}
    running = {row["about"] for row in await ours.rows("timers") if row["status"] == "RUNNING"}
    assert running == {"big", "odd"}
    resting = {
        each.labels["reason"]: each.value
        for metric in ours.metrics.registry.collect()
        for each in metric.samples
        if each.name == "pulang_timers_failed_total"
    }
    assert resting == {"EVENT_TOO_LARGE": 1, "BUG": 1}
