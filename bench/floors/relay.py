"""The floor of the relay: read, send, await the acknowledgements, delete; no lease, no order beyond the read's."""

import asyncio
import time

from aiokafka import AIOKafkaProducer

from bench.tally import Bench
from shared.messaging.settings import Kafka
from shared.mongo.client import Mongo
from shared.mongo.outbox import IN_ORDER

PAGE = 1000


async def relay(bench: Bench, mongo: Mongo) -> float:
    """Rows per second until the outbox is empty."""
    producer = AIOKafkaProducer(**Kafka(bench.kafka).client(), acks="all", enable_idempotence=True)
    await producer.start()
    outbox, sent, started = mongo.native_collection("outbox"), 0, time.perf_counter()
    try:
        while rows := await outbox.find({}).sort(IN_ORDER).limit(PAGE).to_list():
            futures = [
                await producer.send(bench.prefix + row["topic"], row["value"], key=row["key"].encode()) for row in rows
            ]
            await asyncio.gather(*futures)
            await outbox.delete_many({"_id": {"$in": [row["_id"] for row in rows]}})
            sent += len(rows)
        return sent / (time.perf_counter() - started)
    finally:
        await producer.stop()
