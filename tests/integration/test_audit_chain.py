"""Numbering and sealing the audit on a real database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from deploy.tools.verify_audit import told
from shared.events.audit_v1 import CheckpointSigned
from shared.mongo.audit_chain import Broken
from shared.mongo.client import Document, Mongo
from shared.mongo.indexes import ensure
from shared.mongo.transaction import Conflict
from shared.security.audit.checkpoint import Checkpoint, restored
from shared.security.audit.watch import Watch, WatchRule
from shared.service.auditing import KEEP
from tests.support.audit import NEXT, SIGNER, Audit, entry, report

pytestmark = pytest.mark.integration


@pytest.fixture
async def audit(mongo_uri: str, unique: str) -> AsyncIterator[Audit]:
    mongo = Mongo(mongo_uri, unique)
    await ensure(mongo, ())
    yield Audit(mongo)
    await mongo.close()


async def places(audit: Audit) -> list[int]:
    rows = await audit.mongo.collection("audit").find({}).sort([("chain.seq", 1)]).to_list(None)
    return [row["chain"]["seq"] for row in rows]


async def test_entries_get_contiguous_numbers_and_an_entry_that_commits_late_is_not_lost(audit: Audit) -> None:
    late, *others = [entry(number) for number in range(5)]
    await audit.add(others)
    assert len(await audit.chain.number()) == 4
    await audit.add([late])
    assert [row["_id"] for row in await audit.chain.number()] == [late.id]
    assert await places(audit) == [1, 2, 3, 4, 5]
    assert await audit.chain.number() == []


async def test_a_clean_log_verifies_and_every_entry_is_under_a_checkpoint(audit: Audit) -> None:
    await audit.grow(35)
    report = await audit.verify(trusted=[SIGNER.public])
    assert report["faults"] == []
    assert (report["entries"], report["sealed_through"], report["checkpoints"]) == (35, 35, 4)
    assert (await audit.verify(trusted=[NEXT.public]))["faults"][0]["code"] == "CHECKPOINT_UNTRUSTED_KEY"


async def test_an_empty_log_verifies(audit: Audit) -> None:
    assert await audit.seal() is None
    assert (await audit.verify())["ok"]


async def test_many_sequencers_at_once_make_one_chain(audit: Audit) -> None:
    """The lease is ignored here: what must hold without it holds without it."""
    await audit.add(entry(number) for number in range(300))

    async def insist() -> None:
        left = True
        while left:
            try:
                left = bool(await audit.chain.number(limit=20))
                await audit.chain.seal(SIGNER)
            except Conflict:
                await asyncio.sleep(0.01)

    await asyncio.gather(*(insist() for _ in range(4)))
    assert await places(audit) == list(range(1, 301))
    assert (await audit.verify(copies=False))["faults"] == []


async def test_a_zombie_that_read_the_heads_before_another_numbered_changes_nothing(audit: Audit) -> None:
    await audit.add(entry(number) for number in range(6))
    read, go_on = asyncio.Event(), asyncio.Event()
    zombie = replace(audit.chain)
    whole = zombie._place  # the step between reading and writing

    async def slow(*given: object) -> None:
        read.set()
        await go_on.wait()
        await whole(*given)  # type: ignore[arg-type]

    zombie._place = slow  # type: ignore[method-assign]
    late = asyncio.create_task(zombie.number())
    await read.wait()
    await audit.chain.number(limit=3)
    await audit.chain.number(limit=3)
    go_on.set()
    with pytest.raises(Conflict):
        await late
    assert await places(audit) == [1, 2, 3, 4, 5, 6]
    await audit.seal()
    assert (await audit.verify())["faults"] == []


async def test_a_checkpoint_goes_out_as_an_event_that_a_stranger_can_verify(audit: Audit) -> None:
    await audit.grow(3)
    [row] = await audit.mongo.collection("outbox").find({}).to_list(None)
    assert (row["topic"], row["key"]) == ("audit-checkpoints", "cases")
    told = CheckpointSigned.model_validate(orjson.loads(row["value"])["data"])
    [copy] = audit.copies
    assert {name: value for name, value in told.model_dump().items() if name != "occurred_at"} == copy


async def test_nothing_is_signed_over_a_hole(audit: Audit) -> None:
    await audit.grow(10)
    await audit.add([entry(), entry()])
    await audit.chain.number()
    await audit.mongo.collection("audit").delete_one({"chain.seq": 11})
    with pytest.raises(Broken, match="entry 11"):
        await audit.chain.seal(SIGNER)
    await audit.mongo.collection("audit").delete_one({"chain.seq": 12})
    with pytest.raises(Broken, match="entry 11"):
        await audit.chain.seal(SIGNER)


async def test_a_key_is_handed_over_by_the_old_one_and_otherwise_shows(audit: Audit) -> None:
    await audit.grow(10)
    handed = await audit.seal(NEXT, SIGNER)
    assert handed is not None
    assert (handed.kind, handed.key, handed.next_key) == ("ROTATION", SIGNER.public, NEXT.public)
    await audit.add([entry()])
    await audit.seal(NEXT)
    report = await audit.verify(trusted=[SIGNER.public])
    assert (report["faults"], report["keys"]) == ([], [SIGNER.public, NEXT.public])
    await audit.seal(SIGNER)  # a key that nobody handed over to
    await audit.add([entry()])
    await audit.seal(SIGNER)
    report = await audit.verify()
    assert (report["faults"][0]["code"], report["faults"][0]["checkpoint"]) == ("CHECKPOINT_UNTRUSTED_KEY", 4)
    assert (await audit.verify(trusted=[SIGNER.public]))["ok"]


async def test_an_expired_prefix_goes_and_the_rest_still_verifies(audit: Audit) -> None:
    await audit.grow(30)
    audit.now += KEEP + timedelta(days=1)
    await audit.add([entry(at=audit.now)])
    await audit.seal()
    before = audit.now - KEEP
    old = await audit.store.expired(before)
    assert old is not None
    assert old.last == 30
    audit.copies.append((await audit.chain.prune(SIGNER, old)).plain())
    assert (await audit.verify())["faults"] == [], "recorded, and not deleted yet"
    assert await audit.store.delete_expired() == 30
    assert await audit.store.delete_expired() == 0
    assert await audit.store.expired(before) is None
    for copies in (True, False):
        report = await audit.verify(copies=copies)
        assert (report["faults"], report["entries"], report["expired_through"]) == ([], 1, 30)
    await audit.add([entry(at=audit.now)])
    await audit.seal()
    assert (await audit.verify())["ok"], "it goes on after that"
    await audit.mongo.collection("audit").delete_one({"chain.seq": 31})
    assert (await audit.verify())["faults"][0]["entry"] == 31, "the record covers the expired prefix alone"


async def test_an_alarm_is_published_once_whoever_looks_again(audit: Audit) -> None:
    rule = WatchRule(code="FOREIGN_READS", counts="FOREIGN_THINGS", limit=2, window_s=600)
    await audit.add([entry(1, foreign_refs=("c-1", "c-2"))])
    rows = await audit.chain.number()
    [alarm] = Watch((rule,)).look(rows)
    assert await audit.chain.alarm(alarm, "DPO-53")
    [again] = Watch((rule,)).look(rows)
    assert not await audit.chain.alarm(again, "DPO-53"), "an heir reads the same entries"
    assert not await audit.chain.alarm(replace(alarm, entry="e-2"), "DPO-53"), "nor twice within the window"
    [told] = await audit.mongo.collection("outbox").find({"topic": "audit-events"}).to_list(None)
    assert (told["key"], told["_id"]) == ("O-1", alarm.ref)
    assert b"c-1" not in told["value"], "who and which rule, never what they read"


async def backed_up(audit: Audit) -> dict[str, list[Document]]:
    """All that the audit has, as a back-up has it."""
    names = ("audit", "audit_heads", "audit_checkpoints", "outbox", "keys")
    return {name: await audit.mongo.collection(name).find({}).to_list(None) for name in names}


async def put_back(audit: Audit, kept: dict[str, list[Document]]) -> None:
    """Restore it."""
    for name, rows in kept.items():
        await audit.mongo.collection(name).delete_many({})
        if rows:
            await audit.mongo.collection(name).insert_many(rows)


async def record(audit: Audit) -> Checkpoint:
    """Record the restore, and copy the record."""
    made = await audit.chain.restore(SIGNER, [Checkpoint.read(copy) for copy in audit.copies])
    audit.copies.append(made.plain())
    return made


@pytest.mark.parametrize("unsealed", [0, 3])
async def test_a_restore_that_was_recorded_verifies_and_is_told_with_what_it_lost(audit: Audit, unsealed: int) -> None:
    await audit.grow(20)
    if unsealed:
        await audit.add(entry(number) for number in range(unsealed))
        await audit.chain.number()
    kept = await backed_up(audit)
    await audit.grow(30)
    await put_back(audit, kept)
    codes = {fault["code"] for fault in (await audit.verify())["faults"]}
    assert codes == {"ENTRIES_MISSING", "CHECKPOINT_MISSING"}, "unrecorded it is a loss"

    made = await record(audit)
    assert (made.kind, made.number, made.last) == ("RESTORED", audit.copies[-2]["number"] + 1, 20)
    for grown in (0, 25):
        await audit.grow(grown)
        for copies in (True, False):
            found = await audit.verify(copies=copies, trusted=[SIGNER.public])
            assert (found["faults"], found["entries"]) == ([], 20 + unsealed + grown)
            [restore] = found["restores"]
            assert (restore["back_to"], restore["lost"]) == (20, 30 + unsealed)
    assert any(
        "RESTORED" in line and f"{30 + unsealed} sealed entries after it were lost" in line for line in told(found)
    )
    [row] = [
        row for row in await audit.mongo.collection("outbox").find({}).to_list(None) if b"RESTORED" in row["value"]
    ]
    assert row["topic"] == "audit-checkpoints"


async def test_two_restores_are_both_told(audit: Audit) -> None:
    await audit.grow(20)
    kept = await backed_up(audit)
    for _ in range(2):
        await audit.grow(10)
        await put_back(audit, kept)
        await record(audit)
    await audit.grow(10)
    found = await audit.verify(trusted=[SIGNER.public])
    assert (found["faults"], [restore["lost"] for restore in found["restores"]]) == ([], [10, 10])


async def test_after_a_restore_the_new_entries_cannot_be_cut_and_the_record_cannot_be_forged(audit: Audit) -> None:
    await audit.grow(20)
    kept = await backed_up(audit)
    await audit.grow(10)
    await put_back(audit, kept)
    await record(audit)
    await audit.grow(10)
    whole = await audit.lines()
    cut = [line for line in whole if line.get("entry", {"chain": {"seq": 0}})["chain"]["seq"] < 25]
    assert report(cut, audit.copies)["faults"][0]["entry"] == 25
    for change in ({"last": 10, "first": 11}, {"kind": "CHECKPOINT"}, {"head": "f" * 64}):
        lines = [
            {"checkpoint": line["checkpoint"] | change}
            if line.get("checkpoint", {}).get("kind") == "RESTORED"
            else line
            for line in whole
        ]
        assert not report(lines)["ok"], change
    forged = restored(Checkpoint.read(audit.copies[-1]), Checkpoint.read(audit.copies[0]), audit.now, NEXT)
    with_it = [*audit.copies, forged.plain()]
    assert report(whole, with_it)["faults"], "by a key that nobody handed over to"


async def test_copies_of_another_chain_restore_nothing(audit: Audit) -> None:
    with pytest.raises(Broken, match="no checkpoint"):
        await audit.chain.restore(SIGNER, [])
    await audit.grow(20)
    copies = [Checkpoint.read(copy) for copy in audit.copies]
    with pytest.raises(Broken, match="checkpoint 2 is not the one that was copied"):
        await audit.chain.restore(SIGNER, [copies[0], replace(copies[1], root="f" * 64)])
    strange = restored(copies[0], None, audit.now, SIGNER)
    with pytest.raises(Broken, match="checkpoint 3 does not follow"):
        await audit.chain.restore(SIGNER, [*copies, replace(strange, number=3)])
    with pytest.raises(Broken, match="another key signs after checkpoint 2"):
        await audit.chain.restore(NEXT, copies)
    assert len(await audit.store.after(0)) == 2


async def test_what_a_restore_lost_never_names_an_expired_prefix(audit: Audit) -> None:
    await audit.grow(20)
    kept = await backed_up(audit)
    await audit.grow(10)
    assert (await audit.store.expired(audit.now + timedelta(seconds=1))).last == 30  # type: ignore[union-attr]
    await put_back(audit, kept)
    await record(audit)
    assert await audit.store.expired(audit.now + timedelta(seconds=1)) is None
    await audit.grow(5)
    assert (await audit.store.expired(audit.now + timedelta(seconds=1))).last == 25  # type: ignore[union-attr]
