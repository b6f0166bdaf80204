"""What most would write: a FastStream subscriber with one durable transaction per event."""

import asyncio
import time

import orjson
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from bench.floors.consumer import save
from bench.tally import Bench, database


async def consume(bench: Bench, events: int) -> float:
    """Events per second over the first `events` of the topic."""
    async with database(bench, bench.fresh()) as mongo:
        broker = KafkaBroker(bench.kafka, logger=None)
        seen, started, finished = 0, 0.0, asyncio.Event()

        @broker.subscriber(
            bench.topic, group_id=bench.fresh(), auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
        )
        async def on_event(body: bytes) -> None:
            nonlocal seen, started
            if seen >= events:
                return
            started = started or time.perf_counter()
            await save(mongo, [body if isinstance(body, dict) else orjson.loads(body)])
            seen += 1
            if seen >= events:
                finished.set()

        async with broker:
            await broker.start()
            await finished.wait()
            return events / (time.perf_counter() - started)
