"""What most would write: a FastStream subscriber with one durable transaction per event."""

import asyncio
import time

import orjson
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.security import SASLScram512

from bench.compare import Round
from bench.floors.consumer import save
from bench.tally import Bench, database, written
from shared.messaging.settings import Kafka


async def consume(bench: Bench, events: int) -> Round:
    """Events per second over the first `events` of the topic."""
    async with database(bench, bench.fresh()) as mongo:
        kafka = Kafka(bench.kafka)
        broker = KafkaBroker(kafka.brokers, logger=None, security=account_of(kafka))
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
            return Round(events / (time.perf_counter() - started), await written(mongo))


def account_of(kafka: Kafka) -> SASLScram512 | None:
    """How FastStream signs in where the servers want it."""
    client = kafka.client()
    name = client.get("sasl_plain_username")
    return SASLScram512(name, client["sasl_plain_password"], use_ssl=False) if name else None
