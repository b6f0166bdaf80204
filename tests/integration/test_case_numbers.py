"""Case numbers under several workers: nobody's case is lost, and no number is given twice."""

import asyncio
import re
from contextlib import AsyncExitStack

import pytest

from services.cases.app import service
from services.cases.settings import Settings
from shared.events.incoming import Partition, Record
from shared.kernel.clock import system_clock
from shared.service.runtime import Runtime, open_runtime
from tests.support.addresses import Addresses
from tests.support.cases import event_bytes
from tests.support.platform import local
from tests.unit.cases.builders import handed

pytestmark = pytest.mark.integration

WORKERS, BATCHES, EACH = 3, 3, 40


async def hand_over(runtime: Runtime, worker: int) -> None:
    """One worker's partition, batch after batch."""
    place = Partition("intake-events", worker)
    await runtime.lane.positions([place])
    for batch in range(BATCHES):
        records = []
        for index in range(batch * EACH, (batch + 1) * EACH):
            subject = f"P-{worker}-{index}"
            body = handed(subject_ref=subject, occurred_at=system_clock())
            records.append(Record(place, index, subject, event_bytes("intake-events", body, key=subject)))
        await runtime.lane.apply([runtime.decode(record) for record in records])


async def test_workers_that_open_cases_at_once_never_share_a_number(stack: Addresses, unique: str) -> None:
    settings = local(Settings, stack, unique, "http://issuer.test")
    async with AsyncExitStack() as opened:
        runtimes = [await opened.enter_async_context(open_runtime(service(settings), settings)) for _ in range(WORKERS)]
        await asyncio.gather(*(hand_over(runtime, worker) for worker, runtime in enumerate(runtimes)))
        cases = await runtimes[0].mongo.collection("cases").find({}).to_list(None)
        parked = await runtimes[0].mongo.collection("parked").count_documents({})
    numbers = {case["case_no"] for case in cases}
    assert (len(cases), len(numbers), parked) == (WORKERS * BATCHES * EACH,) * 2 + (0,)
    assert all(re.fullmatch(r"NTT-\d{4}-\d{6}", number) for number in numbers)
