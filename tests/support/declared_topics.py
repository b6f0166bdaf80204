"""The declared topics under a test's own prefix, made as an installation makes them, and all that lies in them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.events.registry import load_topics
from shared.messaging.settings import Kafka
from shared.messaging.topics import topic_admin
from tests.support.addresses import Addresses
from tests.support.messaging import partitions_of


@asynccontextmanager
async def declared_topics(stack: Addresses, unique: str) -> AsyncIterator[Kafka]:
    """All topics of the registry, gone at the end."""
    kafka = Kafka(stack.kafka_bootstrap, f"{unique}-")
    specs = load_topics().values()
    async with topic_admin(kafka) as admin:
        await admin.apply(specs)
    try:
        yield kafka
    finally:
        client = AIOKafkaAdminClient(**kafka.client())
        await client.start()
        try:
            await client.delete_topics([kafka.actual(spec.name) for spec in specs])
        finally:
            await client.close()


async def bytes_in(kafka: Kafka, topic: str) -> list[bytes]:
    """Every record of a topic as it lies there: key, value and headers in one."""
    consumer = AIOKafkaConsumer(**kafka.client(), auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        actual = kafka.actual(topic)
        places = [TopicPartition(actual, number) for number in sorted(await partitions_of(consumer, actual))]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: list[bytes] = []
        async with asyncio.timeout(20):
            while [place for place in places if await consumer.position(place) < ends[place]]:
                polled = await consumer.getmany(timeout_ms=300)
                found += [_whole(record) for records in polled.values() for record in records]
        return found
    finally:
        await consumer.stop()


def _whole(record: object) -> bytes:
    headers = [part for name, value in getattr(record, "headers", ()) for part in (name.encode(), value or b"")]
    return b"\0".join([getattr(record, "key", None) or b"", getattr(record, "value", None) or b"", *headers])
