"""Everything that stands on topics, read by a client of its own that belongs to no group."""

from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.demo.errors import StoryError
from shared.messaging.settings import Kafka


async def topics_of(bootstrap: str, prefix: str) -> list[str]:
    """The cluster's topics whose name begins with this, Kafka's own left out."""
    async with AIOKafkaConsumer(**Kafka(bootstrap).client()) as consumer:
        return sorted(name for name in await consumer.topics() if name.startswith(prefix) and not name.startswith("__"))


async def read_topic(bootstrap: str, *topics: str) -> list[Any]:
    """All records of these topics up to their present ends, as aiokafka has them: key, value and headers in bytes."""
    if not topics:
        return []
    # "earliest" from the start: a seek that comes later may lose against the first fetch, which begins at the end.
    consumer = AIOKafkaConsumer(
        *topics, **Kafka(bootstrap).client(), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    async with consumer:  # without a group it has all partitions as soon as it has started
        places = consumer.assignment()
        if {place.topic for place in places} != set(topics):
            raise StoryError("Kafka did not show all topics")
        return await _read_up_to(consumer, await consumer.end_offsets(places))


async def _read_up_to(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> list[Any]:
    read: list[Any] = []
    while any([await consumer.position(place) < end for place, end in ends.items()]):
        for records in (await consumer.getmany(timeout_ms=200)).values():
            read.extend(records)
    return read
