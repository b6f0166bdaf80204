"""Events through the unit of work, against the real database."""

import pytest

from shared.events.incoming import Fenced, Halted, Partition
from shared.kernel.work import Overlay
from shared.mongo.loading import load
from shared.mongo.releasing import mark
from shared.mongo.saving import save_states
from shared.mongo.transaction import Conflict, Transaction, transact
from tests.support.ledger import OWN, PARTNER, Account, Broken, Ledger, Log, ledger

pytestmark = pytest.mark.integration


@pytest.fixture
async def ours(mongo_uri: str, unique: str):
    """A fresh ledger that has taken over two partitions of each topic."""
    async with ledger(mongo_uri, unique) as fresh:
        await fresh.lane.positions([Partition(topic, n) for topic in (OWN, PARTNER) for n in (0, 1)])
        Broken.accounts = set()
        yield fresh


async def apply(ours: Ledger, *records) -> None:
    """Decode and apply."""
    await ours.lane.apply([ours.decode(record) for record in records])


async def test_a_batch_applies_in_order_with_all_that_belongs_to_it(ours: Ledger) -> None:
    log = Log()
    await apply(ours, *[log.added("a", n) for n in (1, 2, 3)], log.added("b", 10))
    account = await ours.account("a")
    assert account and account["log"] == [1, 2, 3]
    assert account["version"] == 3
    assert [row["version"] for row in await ours.rows("timeline", {"about": "accounts|a"})] == [1, 2, 3]
    assert [row["sequence"] for row in await ours.rows("outbox", {"key": "a"})] == [1, 2, 3]
    assert len(await ours.rows("inbox")) == len(await ours.rows("audit")) == 4
    assert await ours.rows("progress") == [{"_id": f"ledger|{OWN}|0", "next": 4}]


async def test_a_repetition_has_no_second_effect(ours: Ledger) -> None:
    log = Log()
    first = log.added("a", 1, id_="same")
    again = log.record("a", first.value)
    await apply(ours, first, again)
    await apply(ours, log.record("a", first.value))
    account = await ours.account("a")
    assert account and account["log"] == [1]
    assert len(await ours.rows("inbox")) == 1


async def test_an_id_used_again_with_other_content_is_refused_and_raises_an_alarm(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.added("a", 1, id_="same"), log.added("a", 2, id_="same"))
    account = await ours.account("a")
    assert account and account["log"] == [1]
    assert [row["reason"] for row in await ours.rows("dead_letters")] == ["ID_REUSED"]
    assert [row["outcome"] for row in await ours.rows("audit")] == ["OK", "SECURITY_ID_REUSED"]


@pytest.mark.timeout(20)
async def test_an_id_that_is_reused_again_and_again_holds_nobody_up(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.added("a", 1, id_="same"), reused := log.added("a", 2, id_="same"))
    again = [log.record("a", reused.value) for _ in range(3)]
    await apply(ours, again[0])
    await apply(ours, *again[1:], log.added("a", 3))
    account = await ours.account("a")
    assert account and account["log"] == [1, 3]
    assert [row["reason"] for row in await ours.rows("dead_letters")] == ["ID_REUSED"] * 4


async def test_a_partner_cannot_mask_anothers_event_with_the_same_id(ours: Ledger) -> None:
    own, partner = Log(), Log(PARTNER)
    await apply(ours, partner.added("a", 5, id_="x"), own.added("a", 1, id_="x"))
    account = await ours.account("a")
    assert account and sorted(account["log"]) == [1, 5]  # type: ignore[call-overload]


async def test_behind_a_refused_event_its_key_waits_and_the_others_flow(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.added("a", 1), log.added("a", 2, refuse=True), log.added("a", 3), log.added("b", 9))
    await apply(ours, log.added("a", 4))
    a, b = await ours.account("a"), await ours.account("b")
    assert a and a["log"] == [1]
    assert b and b["log"] == [9]
    (head,) = await ours.rows("parked_heads")
    assert (head["count"], head["reason"]) == (3, "TOLD_TO_REFUSE")


async def test_a_release_applies_what_waited_in_its_order(ours: Ledger) -> None:
    log = Log()
    Broken.accounts = {"a"}
    await apply(ours, *[log.added("a", n) for n in range(1, 8)])
    Broken.accounts = set()
    await apply(ours, log.added("a", 8))
    (head,) = await ours.rows("parked_heads")
    await mark(ours.mongo, str(head["_id"]))
    await ours.releaser.sweep()
    await apply(ours, log.added("a", 9))
    account = await ours.account("a")
    assert account and account["log"] == list(range(1, 10))
    assert await ours.rows("parked_heads") == await ours.rows("parked") == []
    assert {row["outcome"] for row in await ours.rows("inbox")} == {"APPLIED"}


async def test_a_release_stops_at_what_is_still_refused(ours: Ledger) -> None:
    log = Log()
    Broken.accounts = {"a"}
    await apply(ours, log.added("a", 1), log.added("a", 2, refuse=True), log.added("a", 3))
    Broken.accounts = set()
    (head,) = await ours.rows("parked_heads")
    await mark(ours.mongo, str(head["_id"]))
    await ours.releaser.sweep()
    account = await ours.account("a")
    assert account and account["log"] == [1]
    (head,) = await ours.rows("parked_heads")
    assert (head["count"], head["releasing"]) == (2, False)


async def test_what_waits_for_an_aggregate_is_released_by_its_creation(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.added("a", 1, waits="late"), log.added("a", 2))
    assert await ours.account("a") is None
    await apply(ours, log.added("late", 7))
    await ours.releaser.sweep()
    account = await ours.account("a")
    assert account and account["log"] == [1, 2]


async def test_the_sweep_finds_a_wait_that_the_creation_missed(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.added("a", 1, waits="late"), log.added("late", 7))
    await ours.releaser.sweep()
    account = await ours.account("a")
    assert account and account["log"] == [1]


async def test_a_partners_bad_fact_stands_aside_alone(ours: Ledger) -> None:
    log = Log(PARTNER)
    await apply(ours, log.added("a", 1), log.added("a", 2, refuse=True), log.added("a", 3), log.record("a", b"{"))
    account = await ours.account("a")
    assert account and account["log"] == [1, 3]
    assert [row["reason"] for row in await ours.rows("quarantine")] == ["TOLD_TO_REFUSE"]
    assert len(await ours.rows("dead_letters")) == 1
    assert await ours.rows("parked_heads") == []


async def test_an_unreadable_event_of_our_own_parks_its_key_and_one_without_key_parks_alone(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.record("a", b"{"), log.added("a", 1), log.record(None, b"{"), log.added("b", 2))
    assert await ours.account("a") is None
    b = await ours.account("b")
    assert b and b["log"] == [2]
    assert sorted(str(h["count"]) for h in await ours.rows("parked_heads")) == ["1", "2"]


async def test_who_lost_the_partition_is_fenced(ours: Ledger, mongo_uri: str, unique: str) -> None:
    log = Log()
    await apply(ours, log.added("a", 1))
    async with ledger(mongo_uri, unique) as other:
        assert await other.lane.positions([Partition(OWN, 0)]) == {Partition(OWN, 0): 1}
        await apply(other, log.added("a", 2))
    with pytest.raises(Fenced):
        await apply(ours, log.added("a", 3))
    account = await ours.account("a")
    assert account and account["log"] == [1, 2]


async def test_one_bug_parks_its_key_but_the_same_on_several_keys_stops_the_partition(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.added("a", 1, crash=True), log.added("b", 2, crash=True))
    assert {h["reason"] for h in await ours.rows("parked_heads")} == {"HANDLER_FAILED"}
    with pytest.raises(Halted):
        await apply(ours, log.added("c", 3, crash=True))
    assert await ours.rows("progress") == [{"_id": f"ledger|{OWN}|0", "next": 2}]


async def test_a_bug_that_meets_partners_facts_stops_no_partition(ours: Ledger) -> None:
    own, partner = Log(), Log(PARTNER)
    await apply(ours, *[partner.added(key, 1, crash=True) for key in "abcd"], partner.added("e", 5))
    await apply(ours, *[own.added(key, 1, crash=True) for key in "xy"])
    assert [row["reason"] for row in await ours.rows("quarantine")] == ["HANDLER_FAILED"] * 4
    account = await ours.account("e")
    assert account and account["log"] == [5]
    assert {row["_id"]: row["next"] for row in await ours.rows("progress")} == {
        f"ledger|{OWN}|0": 2,
        f"ledger|{PARTNER}|0": 5,
    }


async def test_what_no_database_takes_parks_alone(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.added("a", 1), log.added("b", 2**62), log.added("b", 2**62), log.added("c", 3))
    a, b, c = await ours.account("a"), await ours.account("b"), await ours.account("c")
    assert a and b and c
    assert b["log"] == [2**62]
    assert [h["reason"] for h in await ours.rows("parked_heads")] == ["UNSAVABLE"]


async def test_a_state_that_changed_after_it_was_read_is_not_written_over(ours: Ledger) -> None:
    await apply(ours, Log().added("a", 1))

    async def late(tx: Transaction) -> None:
        overlay = Overlay()
        await load(tx, overlay, [Account.ref("a")])
        found = overlay.current(Account.ref("a"))
        assert found is not None
        await ours.mongo.collection("accounts").update_one(
            {"_id": "a"}, {"$set": {"total": 99}, "$inc": {"version": 1}}
        )
        overlay.set(found.evolve(version=found.version + 1))
        await save_states(tx, overlay)

    with pytest.raises(Conflict):
        await transact(ours.mongo, late)
    account = await ours.account("a")
    assert account
    assert account["total"] == 99
