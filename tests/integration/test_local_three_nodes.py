"""With three nodes, one mongod and one broker are lost under writes.

What was acknowledged stays, and writing goes on before the lost node is back.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from pymongo import AsyncMongoClient, MongoClient, WriteConcern
from pymongo.errors import DuplicateKeyError, PyMongoError

from deploy.local import mongod
from deploy.local.stack import Stack
from shared.messaging.settings import Kafka
from tests.stack import own_stack

pytestmark = [pytest.mark.integration, pytest.mark.chaos, pytest.mark.timeout(180)]

TOPIC = "writes"
BEFORE, AFTER = 50, 50  # acknowledged writes to wait for before the loss, and again after it
WITHIN_S = 40.0


@pytest.fixture(scope="module")
def three() -> Iterator[Stack]:
    with own_stack(nodes=3) as stack:
        yield stack


class Writer:
    """Writes 0, 1, 2, … with `write`, each again until it is acknowledged; remembers what was."""

    def __init__(self, write: Callable[[int], Awaitable[None]], transient: type[Exception]) -> None:
        self._write, self._transient = write, transient
        self.acknowledged = 0

    async def run(self) -> None:
        while True:
            try:
                await self._write(self.acknowledged)
                self.acknowledged += 1
            except self._transient:
                await asyncio.sleep(0.05)

    async def reaches(self, count: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while self.acknowledged < count:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running(writer: Writer) -> AsyncIterator[Writer]:
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled() or task.exception() is None


async def test_the_primary_is_lost_under_majority_writes(three: Stack) -> None:
    async with AsyncMongoClient[dict[str, Any]](three.mongo_uri, serverSelectionTimeoutMS=2000) as client:
        things = client.test.get_collection("things", write_concern=WriteConcern("majority", j=True))

        async def insert(number: int) -> None:
            try:
                await things.insert_one({"_id": number})
            except DuplicateKeyError:
                # The try before was applied and its answer lost. Applied is not yet majority: write behind it.
                await things.update_one({"_id": number}, {"$set": {"again": True}})

        async with running(Writer(insert, PyMongoError)) as writer:
            await writer.reaches(BEFORE)
            primary = next(server for server in three.mongods if is_primary(server.address))
            await asyncio.to_thread(primary.kill)
            await writer.reaches(writer.acknowledged + AFTER)
            await asyncio.to_thread(primary.start)
    await asyncio.to_thread(primary.wait_until, lambda: mongod.is_settled([s.address for s in three.mongods]))
    for server in three.mongods:
        assert await missing_in_the_end(only(three.mongo_uri, server.address), writer.acknowledged) == set()


def is_primary(address: str) -> bool:
    with MongoClient[dict[str, Any]](f"mongodb://{address}/?directConnection=true") as client:
        return bool(client.admin.command("hello")["isWritablePrimary"])


def only(uri: str, address: str) -> str:
    """The set's connection string as one of its nodes'."""
    account = uri.partition("@")[0]
    return f"{account}@{address}/?directConnection=true&readPreference=secondaryPreferred"


async def missing_in_the_end(uri: str, acknowledged: int) -> set[int]:
    """Which acknowledged numbers the node itself still lacks after it had time to catch up with the others."""
    deadline = monotonic() + WITHIN_S
    while (missing := missing_on(uri, acknowledged)) and monotonic() < deadline:
        await asyncio.sleep(0.1)
    return missing


def missing_on(uri: str, acknowledged: int) -> set[int]:
    """Which acknowledged numbers the node itself lacks now."""
    with MongoClient[dict[str, Any]](uri) as client:
        return set(range(acknowledged)) - {row["_id"] for row in client.test.things.find()}


async def test_a_leader_is_lost_under_writes_to_all_in_sync_replicas(three: Stack) -> None:
    leader = await make_topic(three.kafka_bootstrap)
    async with AIOKafkaProducer(
        **Kafka(three.kafka_bootstrap).client(), acks="all", request_timeout_ms=3000, enable_idempotence=True
    ) as producer:

        async def send(number: int) -> None:
            await producer.send_and_wait(TOPIC, str(number).encode())

        async with running(Writer(send, KafkaError)) as writer:
            await writer.reaches(BEFORE)
            broker = three.brokers[leader - 1]
            await asyncio.to_thread(broker.kill)
            await writer.reaches(writer.acknowledged + AFTER)
            await asyncio.to_thread(broker.start)
            await writer.reaches(writer.acknowledged + AFTER)
    found = await read_all(three.kafka_bootstrap)
    assert set(range(writer.acknowledged)) - set(found) == set()
    assert found == sorted(found)


async def make_topic(bootstrap: str) -> int:
    """One partition on all three brokers; the node id of its leader."""
    admin = AIOKafkaAdminClient(**Kafka(bootstrap).client())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, 1, 3)])
        async with asyncio.timeout(WITHIN_S):
            while True:
                described = (await admin.describe_topics([TOPIC]))[0]
                if described["partitions"] and described["partitions"][0]["leader"] > 0:
                    return int(described["partitions"][0]["leader"])
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def read_all(bootstrap: str) -> list[int]:
    """All numbers in the topic, in its order."""
    partition = TopicPartition(TOPIC, 0)
    async with AIOKafkaConsumer(**Kafka(bootstrap).client(), enable_auto_commit=False) as consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        found: list[int] = []
        while await consumer.position(partition) < end:
            batch = await consumer.getmany(partition, timeout_ms=500)
            found += [int(record.value) for record in batch.get(partition, [])]
        return found
