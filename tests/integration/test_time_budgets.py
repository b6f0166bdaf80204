"""Time budgets that are kept: a transaction's by the unit of work, a command's from when it was handed in."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pymongo
import pytest
from structlog.testing import capture_logs

from shared.events.incoming import Partition
from shared.kernel.command import Unavailable
from shared.messaging.settings import Budgets
from shared.mongo.client import Mongo
from shared.mongo.command_bus import CommandBus
from shared.mongo.transaction import Transaction, Transient, transact
from shared.service.runtime import compare_budgets
from tests.support.ledger import OWN, Account, Add, Ledger, Log, book, command, ledger

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]


@pytest.fixture
async def ours(mongo_uri: str, unique: str) -> AsyncIterator[Ledger]:
    """A ledger under an application name of its own, so that faults meet it alone."""
    async with ledger(f"{mongo_uri}&appName={unique}", unique) as fresh:
        yield fresh


@contextmanager
def slow(mongo_uri: str, name: str, commands: list[str], delay_ms: int, times: int) -> Iterator[None]:
    """The server takes its time over some commands of one application."""
    data = {"failCommands": commands, "appName": name, "blockConnection": True, "blockTimeMS": delay_ms}
    with pymongo.MongoClient[dict[str, Any]](mongo_uri) as client:
        client.admin.command({"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data})
        try:
            yield
        finally:
            client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})


async def test_a_transaction_that_takes_too_long_is_given_up(ours: Ledger, mongo_uri: str, unique: str) -> None:
    async def body(tx: Transaction) -> None:
        for n in range(100):
            await tx.insert("accounts", [{"_id": n}])

    began = time.monotonic()
    with slow(mongo_uri, unique, ["insert"], delay_ms=400, times=100), pytest.raises(Transient):
        await transact(ours.mongo, body, budget_s=2.0)
    assert time.monotonic() - began < 3.5
    assert await ours.rows("accounts") == []


async def test_a_batch_too_big_for_one_transaction_is_applied_in_pieces(
    ours: Ledger, mongo_uri: str, unique: str
) -> None:
    """The lane does not try for ever what never fits: here each event has a collection's worth of late loads."""
    ours.uow.transaction_s = 1.5
    await ours.lane.positions([Partition(OWN, 0)])
    log = Log()
    records = [ours.decode(log.added(f"k{n}", 1, waits=f"w{n}")) for n in range(8)]
    with slow(mongo_uri, unique, ["find"], delay_ms=60, times=1000):
        await asyncio.wait_for(ours.lane.apply(records), 40)
    assert len(await ours.rows("parked_heads")) == 8


async def test_a_command_waits_no_longer_than_its_deadline_and_its_key_tells_what_became_of_it(
    ours: Ledger, mongo_uri: str, unique: str
) -> None:
    bus = CommandBus(ours.uow, book, (Account,), deadline_s=1.0)
    stop = asyncio.Event()
    lane = asyncio.create_task(bus.run(stop))
    with slow(mongo_uri, unique, ["commitTransaction"], delay_ms=1500, times=1):
        first = asyncio.create_task(bus.submit(command(Add("a", 1), key="k")))
        await asyncio.sleep(0.1)
        with pytest.raises(Unavailable, match="UNAVAILABLE"):
            await bus.submit(command(Add("b", 1)))
        with pytest.raises(Unavailable, match="OUTCOME_UNKNOWN"):
            await first
    assert (await bus.submit(command(Add("a", 1), key="k"))).replayed
    stop.set()
    await lane
    assert [row["_id"] for row in await ours.rows("accounts")] == ["a"]


async def test_a_command_on_what_a_killed_process_has_locked_is_answered_by_its_deadline(ours: Ledger) -> None:
    await ours.mongo.collection("accounts").insert_one({"_id": "a", "version": 1, "total": 0, "log": []})
    bus = CommandBus(ours.uow, book, (Account,), deadline_s=1.0)
    stop = asyncio.Event()
    lane = asyncio.create_task(bus.run(stop))
    async with await ours.mongo.client.start_session() as dead:
        dead.start_transaction()
        await ours.mongo.client[ours.mongo.database]["accounts"].update_one(
            {"_id": "a"}, {"$inc": {"x": 1}}, session=dead
        )
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await bus.submit(command(Add("a", 1)))
        assert time.monotonic() - began < 2.5
        await bus.submit(command(Add("b", 1)))
        await dead.abort_transaction()
    stop.set()
    await lane


async def test_a_process_says_at_its_start_that_the_servers_budget_does_not_fit(mongo_uri: str, unique: str) -> None:
    mongo = Mongo(mongo_uri, unique)
    life_s = await mongo.transaction_life_s()
    assert life_s is not None
    narrow = Budgets(handler_batch_s=0.1, transaction_s=0.5, drain_s=2, leave_s=0.5, close_s=0.1, grace_s=3.5)
    with capture_logs() as said:
        await compare_budgets(mongo, narrow)
        await compare_budgets(mongo, Budgets(grace_s=max(10.0, life_s)))
    await mongo.close()
    assert [(line["event"], line["transaction_lifetime_limit_s"]) for line in said] == [("budgets_do_not_nest", life_s)]
