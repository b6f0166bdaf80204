"""Commands through group commit, against the real database."""

import asyncio
from dataclasses import replace

import pytest

from shared.kernel.command import Precondition, Receipt
from shared.kernel.errors import Kind, Reject
from tests.support.ledger import Account, Add, Ledger, command, ledger

pytestmark = pytest.mark.integration


@pytest.fixture
async def ours(mongo_uri: str, unique: str):
    """A ledger whose command lane runs."""
    async with ledger(mongo_uri, unique) as fresh:
        stop = asyncio.Event()
        lane = asyncio.create_task(fresh.bus.run(stop))
        yield fresh
        stop.set()
        await lane


async def test_commands_that_wait_together_share_a_transaction_and_decide_in_turn(ours: Ledger) -> None:
    receipts = await asyncio.gather(*(ours.bus.submit(command(Add("a", n))) for n in range(1, 21)))
    account = await ours.account("a")
    assert account and account["log"] == list(range(1, 21))
    assert sorted(r.aggregate.version for r in receipts) == list(range(1, 21))
    assert ours.metrics.registry.get_sample_value("pulang_command_group_size_count") < 20


async def test_each_command_of_a_group_keeps_its_own_outcome(ours: Ledger) -> None:
    outcomes = await asyncio.gather(
        ours.bus.submit(command(Add("a", 1))),
        ours.bus.submit(command(Add("a", 2, refuse=True))),
        ours.bus.submit(command(Add("a", 3))),
        return_exceptions=True,
    )
    assert [type(o) for o in outcomes] == [Receipt, Reject, Receipt]
    account = await ours.account("a")
    assert account and account["log"] == [1, 3]
    assert sorted(str(row["outcome"]) for row in await ours.rows("audit")) == ["OK", "OK", "TOLD_TO_REFUSE"]


async def test_the_second_of_two_with_the_same_precondition_is_stale(ours: Ledger) -> None:
    await ours.bus.submit(command(Add("a", 1)))
    at_one = Precondition(Account.ref("a"), lambda account: account.version == 1)
    outcomes = await asyncio.gather(
        *(ours.bus.submit(command(Add("a", n), precondition=at_one)) for n in (2, 3)), return_exceptions=True
    )
    (stale,) = [o for o in outcomes if isinstance(o, Reject)]
    assert (stale.code, stale.kind) == ("VERSION_CONFLICT", Kind.STALE)


async def test_the_same_key_has_one_effect_within_a_group_and_after_it(ours: Ledger) -> None:
    receipts = await asyncio.gather(*(ours.bus.submit(command(Add("a", 1), key="k")) for _ in range(5)))
    later = await ours.bus.submit(command(Add("a", 1), key="k"))
    account = await ours.account("a")
    assert account and account["log"] == [1]
    assert [r.replayed for r in receipts].count(False) == 1
    assert later.replayed


async def test_the_same_key_for_something_else_is_refused(ours: Ledger) -> None:
    await ours.bus.submit(command(Add("a", 1), key="k"))
    with pytest.raises(Reject, match="IDEMPOTENCY_KEY_REUSED"):
        await ours.bus.submit(command(Add("a", 2), key="k", fingerprint=b"other"))


async def test_a_refused_command_may_be_sent_again_with_its_key(ours: Ledger) -> None:
    with pytest.raises(Reject):
        await ours.bus.submit(command(Add("a", 1, refuse=True), key="k"))
    receipt = await ours.bus.submit(command(Add("a", 1), key="k"))
    assert not receipt.replayed


async def test_the_same_key_in_two_processes_has_one_effect(ours: Ledger, mongo_uri: str, unique: str) -> None:
    async with ledger(mongo_uri, unique) as other:
        stop = asyncio.Event()
        lane = asyncio.create_task(other.bus.run(stop))
        receipts = await asyncio.gather(
            *(bus.submit(command(Add("a", 1), key=f"k{n}")) for n in range(10) for bus in (ours.bus, other.bus))
        )
        stop.set()
        await lane
    account = await ours.account("a")
    assert account and account["total"] == 10
    assert sum(r.replayed for r in receipts) == 10


async def test_writers_in_many_processes_lose_no_update(ours: Ledger, mongo_uri: str, unique: str) -> None:
    async with ledger(mongo_uri, unique) as other:
        stop = asyncio.Event()
        lane = asyncio.create_task(other.bus.run(stop))
        await asyncio.gather(*(bus.submit(command(Add("hot", 1))) for _ in range(100) for bus in (ours.bus, other.bus)))
        stop.set()
        await lane
    account = await ours.account("hot")
    assert account and (account["total"], account["version"]) == (200, 200)
    assert [row["version"] for row in await ours.rows("timeline")] != []
    assert len(await ours.rows("timeline")) == 200
    sequences = sorted(int(str(row["sequence"])) for row in await ours.rows("outbox"))
    assert sequences == list(range(1, 201))


async def test_a_business_key_that_is_taken_is_a_conflict_for_its_owner_alone(ours: Ledger) -> None:
    await ours.bus.submit(command(Add("a", 1, nickname="taken")))
    outcomes = await asyncio.gather(
        ours.bus.submit(command(Add("b", 1, nickname="taken"))),
        ours.bus.submit(command(Add("c", 1, nickname="free"))),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], Reject)
    assert outcomes[0].code == "DUPLICATE_KEY"
    assert isinstance(outcomes[1], Receipt)


async def test_a_refusal_is_audited_with_what_it_was_about(ours: Ledger) -> None:
    refused = replace(command(Add("a", 1, refuse=True)), target=Account.ref("a"))
    with pytest.raises(Reject):
        await ours.bus.submit(refused)
    (row,) = await ours.rows("audit")
    assert (row["target_kind"], row["target_ref"], row["outcome"]) == ("Account", "a", "TOLD_TO_REFUSE")
