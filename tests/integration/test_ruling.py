"""An operator decides about parked events: released or given up, against the real database."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import build_app
from deploy.errors import OperatorError
from shared.events.incoming import Partition, Record
from shared.kernel.context import Actor, Cause
from shared.mongo.ruling import Discard, Release
from tests.support.addresses import Addresses
from tests.support.ledger import OWN, Broken, Ledger, Log, ledger

pytestmark = pytest.mark.integration

HEAD = f"ledger|{OWN}|a"
CAUSE = Cause("PARKED_DISCARDED", "c", "c", actor=Actor("O-20", "OPERATOR", frozenset()), channel="operator")


@pytest.fixture
async def ours(mongo_uri: str, unique: str) -> AsyncIterator[Ledger]:
    """A ledger that owns its partition, with no account refused."""
    async with ledger(mongo_uri, unique) as fresh:
        await fresh.lane.positions([Partition(OWN, 0)])
        Broken.accounts.clear()
        yield fresh
        Broken.accounts.clear()


async def apply(ours: Ledger, *records: Record) -> None:
    """One batch."""
    await ours.lane.apply([ours.decode(record) for record in records])


async def park(ours: Ledger, log: Log, *amounts: int) -> list[Record]:
    """Events of account `a` that are refused, or wait behind one that is."""
    Broken.accounts.add("a")
    records = [log.added("a", amount) for amount in amounts]
    await apply(ours, *records)
    Broken.accounts.clear()
    return records


def discarding(ours: Ledger, position: int | None = None) -> Discard:
    """The operator's decision."""
    return Discard(head_id=HEAD, cause=CAUSE, reason="OBSOLETE", decode=ours.decode, position=position)


async def amounts(ours: Ledger) -> object:
    """What has been applied."""
    return (await ours.account("a") or {}).get("log")


async def test_what_is_given_up_is_gone_and_its_key_flows_again(ours: Ledger) -> None:
    log = Log()
    await park(ours, log, 1, 2)
    await ours.uow.run(discarding(ours))
    assert [*await ours.rows("parked"), *await ours.rows("parked_heads")] == []
    assert [row["outcome"] for row in await ours.rows("inbox")] == ["DISCARDED"] * 2
    await apply(ours, log.added("a", 3))
    assert await amounts(ours) == [3]


async def test_what_was_given_up_does_not_come_again_by_itself(ours: Ledger) -> None:
    log = Log()
    (first,) = await park(ours, log, 1)
    await ours.uow.run(discarding(ours))
    await apply(ours, log.record("a", first.value))
    assert await amounts(ours) is None
    assert await ours.rows("parked_heads") == []


async def test_one_row_is_given_up_and_the_rest_is_released(ours: Ledger) -> None:
    await park(ours, Log(), 1, 2, 3)
    await ours.uow.run(discarding(ours, position=1))
    (head,) = await ours.rows("parked_heads")
    assert (head["count"], head["releasing"]) == (2, False)
    await ours.uow.run(Release(head_id=HEAD, cause=CAUSE))
    await ours.releaser.sweep()
    assert await amounts(ours) == [2, 3]
    assert await ours.rows("parked_heads") == []


async def test_what_could_never_be_read_is_given_up_too(ours: Ledger) -> None:
    log = Log()
    await apply(ours, log.record("a", b"unreadable"), log.added("a", 2))
    await ours.uow.run(discarding(ours))
    assert await ours.rows("parked_heads") == []
    assert [row["outcome"] for row in await ours.rows("inbox")] == ["DISCARDED"]


async def test_each_decision_says_who_took_it_and_why(ours: Ledger) -> None:
    await park(ours, Log(), 1)
    await ours.uow.run(discarding(ours))
    (row,) = await ours.rows("audit")
    assert (row["action"], row["outcome"], row["target_ref"]) == ("PARKED_DISCARDED", "OBSOLETE", HEAD)
    assert row["actor"]["person"] == "O-20"  # type: ignore[index]


async def test_nothing_is_decided_about_what_is_not_there(ours: Ledger) -> None:
    await park(ours, Log(), 1)
    batch = discarding(ours, position=9)
    await ours.uow.run(batch)
    assert batch.head is None
    assert await ours.rows("audit") == []
    assert len(await ours.rows("parked")) == 1


async def test_no_event_that_arrives_meanwhile_is_orphaned(ours: Ledger, mongo_uri: str, unique: str) -> None:
    """Whichever commits first, the other sees it: the event is given up with its key, parked anew, or applied."""
    async with ledger(mongo_uri, unique) as operator:
        log, parked = Log(), 0
        for _ in range(15):
            await park(ours, log, 1)
            late = [log.added("a", 2), log.added("a", 2)]
            await asyncio.gather(operator.uow.run(discarding(ours)), apply(ours, *late), ours.releaser.sweep())
            rows = len(await ours.rows("parked"))
            counts = [row["count"] for row in await ours.rows("parked_heads")]
            assert sum(counts) == rows  # type: ignore[arg-type]
            assert len(counts) == bool(rows)
            parked += rows
            await operator.uow.run(discarding(ours))
        settled = [row["outcome"] for row in await ours.rows("inbox")]
        assert len(settled) == 45
        assert "PARKED" not in settled
        applied = (await ours.account("a") or {}).get("log", [])
        assert len(applied) == settled.count("APPLIED")  # type: ignore[arg-type]


def pulang(*words: str) -> Result:
    """The operator's command."""
    return CliRunner().invoke(build_app(), ["parked", *words, "--service", "cases"], catch_exceptions=False)


@pytest.fixture
async def at_cases(stack: Addresses, unique: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A parked key in a database that the command takes for cases'."""
    for setting, value in {"LOCAL": "true", "MONGO_URI": stack.mongo_uri, "MONGO_DATABASE": unique}.items():
        monkeypatch.setenv(f"PULANG_CASES_{setting}", value)
    async with ledger(stack.mongo_uri, unique) as fresh:
        await fresh.lane.positions([Partition(OWN, 0)])
        await park(fresh, Log(), 1)
        heads = fresh.mongo.collection("parked_heads")
        (head,) = await fresh.rows("parked_heads")
        await heads.update_one({"_id": head["_id"]}, {"$set": {"topic": "intake-events"}})


@pytest.mark.usefixtures("at_cases")
def test_the_command_names_who_and_why_or_does_nothing() -> None:
    with pytest.raises(OperatorError, match="reference"):
        pulang("discard", HEAD, "--reason", "OBSOLETE", "--by", "Somebody")
    assert pulang("discard", HEAD, "--reason", "because", "--by", "O-20").exit_code == 2
    answer = pulang("release", HEAD, "--by", "O-20", "--json")
    assert json.loads(answer.stdout) == {"id": HEAD, "releasing": True}
    answer = pulang("discard", HEAD, "--reason", "CORRECTED", "--by", "O-20", "--yes", "--json")
    assert json.loads(answer.stdout) == {"id": HEAD, "discarded": 1, "left": 0}
    with pytest.raises(OperatorError, match="nothing is parked"):
        pulang("discard", HEAD, "--reason", "CORRECTED", "--by", "O-20", "--yes")
