"""What hangs does not keep a process: it is gone before it is killed, says what hung, and does not call it success."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.messaging.settings import Budgets
from shared.mongo.client import Mongo
from shared.service.definition import Role, Service
from shared.service.roles import Process
from shared.service.runtime import Runtime
from shared.service.settings import ServiceSettings
from shared.service.starting import live
from tests.support.addresses import Addresses
from tests.support.ledger import PlainSealer, book
from tests.support.processes import Processes
from tests.support.service_processes import Services
from tests.support.stalling import stalling

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]

BRIEF = Budgets(handler_batch_s=0.1, transaction_s=0.2, drain_s=0.4, commit_floor_s=0.1, leave_s=0.1)


async def stuck(runtime: Runtime, stop: asyncio.Event) -> None:
    """Never hears that it is to stop."""
    await asyncio.Event().wait()


async def torn(runtime: Runtime, stop: asyncio.Event) -> None:
    """Fails on its way out."""
    await stop.wait()
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("task", "said"),
    [(stuck, {"event": "task_hung", "task": "stuck"}), (torn, {"event": "task_died", "task": "torn"})],
)
async def test_a_task_that_does_not_end_well_is_named_and_counts(
    stack: Addresses, unique: str, task: object, said: dict[str, str]
) -> None:
    settings = ServiceSettings(local=True, mongo_uri=stack.mongo_uri, mongo_database=unique, http_port=0)
    mongo = Mongo(stack.mongo_uri, unique)
    service = Service(name="ledger", rules=book, kinds=(), background={Role.API: (task,)})  # type: ignore[dict-item]
    runtime = Runtime(service, settings, mongo, PlainSealer())  # type: ignore[arg-type]
    runtime.budgets = BRIEF
    process = Process(runtime, Role.API)
    with capture_logs() as lines:
        running = asyncio.create_task(process.run())
        await process.port
        began = time.monotonic()
        process.stop()
        assert await running == 1
        assert time.monotonic() - began < BRIEF.stop_s
    await mongo.close()
    assert any(said.items() <= line.items() for line in lines)


async def test_a_process_whose_database_hangs_goes_in_time_and_names_what_it_leaves(
    stack: Addresses, unique: str, tmp_path: Path
) -> None:
    async with stalling(stack.mongo_uri) as way:
        processes = Processes(replace(stack, mongo_uri=way.uri), unique, unique, tmp_path)
        try:
            process = await (await processes.start(role="clock")).ready()
            way.stall()
            await asyncio.sleep(2.0)  # until each part is in the middle of a question
            began = time.monotonic()
            process.child.terminate()
            assert await process.ended(Budgets().grace_s) == 1
            assert time.monotonic() - began < Budgets().grace_s
        finally:
            await processes.end()
    lines = [json.loads(line) for line in process.printed().splitlines() if line.startswith("{")]
    assert {"clock", "closing"} & {line["task"] for line in lines if line["event"] == "task_hung"}


async def test_a_process_that_never_met_a_broker_leaves_in_order(stack: Addresses, unique: str, tmp_path: Path) -> None:
    services = Services(replace(stack, kafka_bootstrap="127.0.0.1:1"), unique, "http://127.0.0.1:1", tmp_path)
    try:
        process = await services.start("cases")
        await process.terminate(Budgets().grace_s)
    finally:
        await services.end()


async def test_closing_is_within_the_budget_too(stack: Addresses, unique: str) -> None:
    settings = ServiceSettings(local=True, mongo_uri=stack.mongo_uri, mongo_database=unique, http_port=0)
    mongo = Mongo(stack.mongo_uri, unique)
    runtime = Runtime(Service(name="ledger", rules=book, kinds=()), settings, mongo, PlainSealer())  # type: ignore[arg-type]
    runtime.budgets = BRIEF

    @asynccontextmanager
    async def opening() -> AsyncIterator[Runtime]:
        asyncio.get_running_loop().call_later(0.5, os.kill, os.getpid(), signal.SIGTERM)
        yield runtime
        await asyncio.Event().wait()

    with capture_logs() as lines:
        assert await asyncio.wait_for(live(opening(), Role.API), 5) == 1
    await mongo.close()
    assert ("task_hung", "closing") in [(line["event"], line.get("task")) for line in lines]
