"""Numbering and sealing the audit on a real database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from shared.events.audit_v1 import CheckpointSigned
from shared.mongo.audit_chain import Broken
from shared.mongo.client import Mongo
from shared.mongo.indexes import ensure
from shared.mongo.transaction import Conflict
from shared.security.audit.watch import Watch, WatchRule
from shared.service.auditing import KEEP
from tests.support.audit import NEXT, SIGNER, Audit, entry

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
