"""What is measured: a tally per key. One event is one state, one inbox row, one timeline line, one audit row and one
outgoing event; the floors write the same five."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.events.codec import encode, numbered
from shared.events.envelope import Event, EventData
from shared.events.registry import Registry, TopicSpec
from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import system_clock
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import Timer
from shared.kernel.work import Work
from shared.messaging.settings import Kafka
from shared.mongo.client import Mongo
from shared.mongo.indexes import ensure
from shared.mongo.outbox_writer import OutboxWriter
from shared.mongo.unit_of_work import UnitOfWork
from shared.observability.metrics import Metrics

TOPIC, REPORTS = "tally-events", "tally-reports"
PARTITIONS = 4
KEYS = 2000


class Tally(Aggregate):
    """A count and a sum, with some ballast of the size of a small case."""

    collection: ClassVar[str] = "tallies"

    count: int = 0
    total: int = 0
    state: str = "OPEN"
    tags: tuple[str, ...] = ()


class Counted(EventData):
    """Add an amount."""

    type = "id.pulang.bench.amount.counted.v1"
    topics = (TOPIC,)

    tally_ref: str
    amount: int
    tags: tuple[str, ...] = ()


class Told(EventData):
    """What a tally says after each change."""

    type = "id.pulang.bench.tally.told.v1"
    topics = (REPORTS,)

    tally_ref: str
    total: int


@dataclass(frozen=True)
class Count:
    """Add an amount as a person."""

    tally: str
    amount: int


book = Rulebook()


@book.on(Counted, needs=lambda e: [Tally.ref(e.data.tally_ref)])
def count(event: Event[Counted], work: Work) -> None:
    """Add it up and tell."""
    _count(work, event.data.tally_ref, event.data.amount, event.data.tags)


@book.command(Count, needs=lambda c: [Tally.ref(c.tally)])
def count_by_hand(command: Count, work: Work) -> Tally:
    """The same for a person."""
    return _count(work, command.tally, command.amount, ())


def _count(work: Work, id_: str, amount: int, tags: tuple[str, ...]) -> Tally:
    tally = work.find(Tally, id_) or Tally(id=id_)
    after = tally.evolve(count=tally.count + 1, total=tally.total + amount, tags=tags)
    work.put(after, "COUNTED", amount=amount)
    work.emit(Told(occurred_at=work.occurred_at, tally_ref=id_, total=after.total), key=id_)
    return after


REGISTRY = Registry(
    models={Counted.type: Counted, Told.type: Told},
    topics={
        TOPIC: TopicSpec(
            name=TOPIC,
            kind="own",
            key="tally",
            producers=("bench",),
            consumers=("tally",),
            types={Counted.type: ("tally",)},
        ),
        REPORTS: TopicSpec(name=REPORTS, kind="own", key="tally", producers=("tally",), types={Told.type: ()}),
    },
)


@dataclass(frozen=True)
class Bench:
    """The servers, and a prefix that tells this run from others."""

    mongo_uri: str
    kafka: str
    prefix: str

    def fresh(self) -> str:
        """A name that nobody used: for a database or a group."""
        return f"{self.prefix}{uuid.uuid4().hex[:8]}"

    @property
    def topic(self) -> str:
        """The topic with the events to consume, as the cluster names it."""
        return self.prefix + TOPIC


@asynccontextmanager
async def database(bench: Bench, name: str) -> AsyncIterator[Mongo]:
    """A database with collections and indexes; dropped afterwards."""
    mongo = Mongo(bench.mongo_uri, name)
    await ensure(mongo, [Tally, Timer])
    try:
        yield mongo
    finally:
        await mongo.client.drop_database(name)
        await mongo.close()


async def written(mongo: Mongo) -> int:
    """How many documents are in the database, in all of its collections."""
    names = await mongo.client[mongo.database].list_collection_names()
    return sum([await mongo.collection(name).count_documents({}) for name in names])


async def records_on(bench: Bench, topic: str) -> int:
    """How many records the topic has."""
    consumer = AIOKafkaConsumer(**Kafka(bench.kafka).client())
    await consumer.start()
    try:
        places = [TopicPartition(bench.prefix + topic, number) for number in range(PARTITIONS)]
        return sum((await consumer.end_offsets(places)).values())
    finally:
        await consumer.stop()


def unit_of_work(mongo: Mongo) -> UnitOfWork:
    """Ours."""
    return UnitOfWork(mongo, system_clock, OutboxWriter("tally"), Metrics())


def counted(number: int) -> tuple[str, bytes]:
    """Key and bytes of one event."""
    key, now = f"tally-{number % KEYS}", datetime.now(UTC)
    body = Counted(occurred_at=now, tally_ref=key, amount=number, tags=("NAKER_PROV-53", "R3_SEDANG", "53.02"))
    value = encode(
        body,
        id_=str(uuid.uuid4()),
        source="/pulang/bench",
        subject=key,
        time=now,
        key=key,
        correlation_id=key,
    )
    return key, numbered(value, 1)


async def make_topics(bench: Bench) -> None:
    """The topics of this run."""
    admin = AIOKafkaAdminClient(**Kafka(bench.kafka).client())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(bench.prefix + name, PARTITIONS, 1) for name in (TOPIC, REPORTS)])
    finally:
        await admin.close()


async def fill(bench: Bench, events: int) -> None:
    """Publish the events once; every round reads them again."""
    producer = AIOKafkaProducer(**Kafka(bench.kafka).client(), acks="all", linger_ms=5)
    await producer.start()
    headers: list[Any] = [("content-type", b"application/cloudevents+json")]
    try:
        for number in range(events):
            key, value = counted(number)
            await producer.send(bench.topic, value, key=key.encode(), headers=headers)
        await producer.flush()
    finally:
        await producer.stop()
