"""The database's side of messaging as plain objects, and real topics to go with it.

These stand in for our own ports only (lane, outbox, leases); Kafka is a real one.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.events.incoming import Fenced, Halted, Incoming, Partition, Record
from shared.messaging.consumer import Consumer
from shared.messaging.ports import Outgoing
from shared.messaging.relay import Relay
from shared.messaging.settings import Budgets, ConsumerSettings, Kafka
from shared.observability.metrics import Metrics

QUICK = Budgets(handler_batch_s=0.5, transaction_s=2, drain_s=4, leave_s=2, grace_s=8)


def incoming(record: Record) -> Incoming:
    """Every record is fine: what decoding does is tested elsewhere."""
    return Incoming(record, identity=(record.value or b"").decode())


class Effects:
    """What a database would hold for one consumer name: progress, and the values applied in order, per key."""

    def __init__(self) -> None:
        self.next: dict[Partition, int] = {}
        self.applied: defaultdict[str, list[str]] = defaultdict(list)
        self.total = 0


class MemoryLane:
    """A lane over shared effects, with the fence of the real one: progress moves only from what we saw last.

    `before` is awaited in the middle of each batch, `halts` names values that are bugs.
    """

    def __init__(self, effects: Effects, pause_s: float = 0.0) -> None:
        self.effects = effects
        self.pause_s = pause_s
        self.seen: dict[Partition, int | None] = {}
        self.batches: list[int] = []
        self.fenced = 0
        self.halts: set[str] = set()
        self.before: Callable[[], Awaitable[Any]] | None = None

    async def positions(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        await asyncio.sleep(0)
        self.seen = {p: self.effects.next.get(p) for p in partitions}
        return {p: n for p, n in self.seen.items() if n is not None}

    async def apply(self, batch: Sequence[Incoming]) -> None:
        if self.before:
            await self.before()
        await asyncio.sleep(self.pause_s)
        for each in batch:
            if each.identity in self.halts:
                raise Halted(each.record.partition, "KeyError@rule")
        touched = {each.record.partition for each in batch}
        if any(self.seen.get(p) != self.effects.next.get(p) for p in touched):
            self.fenced += 1
            raise Fenced
        for each in batch:
            self._apply(each)
        self.batches.append(len(batch))

    def _apply(self, each: Incoming) -> None:
        partition = each.record.partition
        expected = self.effects.next.get(partition)
        assert expected is None or each.record.offset >= expected, "an offset came again after its progress"
        self.effects.next[partition] = self.seen[partition] = each.record.offset + 1
        self.effects.applied[each.record.key or ""].append(each.identity or "")
        self.effects.total += 1


class MemoryOutbox:
    """Rows by id, in memory; `shards` keys by their last character's code, as good as any hash."""

    def __init__(self) -> None:
        self.held: dict[str, Outgoing] = {}
        self.sequences: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.sweeps = 0
        self.on_page: Callable[[], None] | None = None
        self._wake = asyncio.Event()

    def add(self, topic: str, key: str, value: bytes) -> Outgoing:
        self.sequences[topic, key] += 1
        sequence = self.sequences[topic, key]
        row = Outgoing(f"{topic}-{key}-{sequence}", topic, key, sequence, value)
        self.held[row.id] = row
        return row

    def wake(self) -> None:
        self._wake.set()

    async def rows(self, shards: Collection[int], limit: int) -> AsyncIterator[list[Outgoing]]:
        self.sweeps += 1
        mine = sorted(self.held.values(), key=lambda row: (row.topic, row.key, row.sequence))
        for start in range(0, len(mine), limit):
            await asyncio.sleep(0)
            yield mine[start : start + limit]
            if self.on_page:
                self.on_page()

    async def delete(self, ids: Collection[str]) -> None:
        await asyncio.sleep(0)
        for id_ in ids:
            self.held.pop(id_, None)

    async def wakes(self) -> AsyncIterator[None]:
        while True:
            await self._wake.wait()
            self._wake.clear()
            yield


class MemoryLeases:
    """Leases of one table for several holders."""

    def __init__(self, table: dict[str, tuple[str, float]], holder: str, ttl_s: float = 3.0) -> None:
        self.table = table
        self.holder = holder
        self.ttl_s = ttl_s

    async def hold(self, name: str) -> float | None:
        now = asyncio.get_running_loop().time()
        holder, until = self.table.get(name, (self.holder, 0.0))
        if holder != self.holder and until > now:
            return None
        self.table[name] = (self.holder, now + self.ttl_s)
        return now + self.ttl_s * 2 / 3

    async def release(self, name: str) -> None:
        if self.table.get(name, ("", 0.0))[0] == self.holder:
            del self.table[name]


@asynccontextmanager
async def topics(bootstrap: str, names: Iterable[str], partitions: int = 3, **config: str) -> AsyncIterator[None]:
    """Real topics for one test."""
    admin = AIOKafkaAdminClient(**Kafka(bootstrap).client())
    await admin.start()
    names = list(names)
    try:
        answer = await admin.create_topics([NewTopic(n, partitions, 1, topic_configs=config) for n in names])
        assert [error for _, error, _ in answer.topic_errors] == [0] * len(names)
        yield
        await admin.delete_topics(names)
    finally:
        await admin.close()


async def publish(bootstrap: str, topic: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Write (key, value) pairs in order."""
    async with AIOKafkaProducer(**Kafka(bootstrap).client(), enable_idempotence=True) as producer:
        sent = [await producer.send(topic, value.encode(), key=key.encode()) for key, value in pairs]
        await asyncio.gather(*sent)


async def read_all(bootstrap: str, topic: str) -> list[tuple[str, str]]:
    """All (key, value) pairs of a topic; each key in order."""
    return [(record.key.decode(), record.value.decode()) for record in await read_records(bootstrap, topic)]


async def read_records(bootstrap: str, topic: str) -> list[Any]:
    """All records of a topic as the client gives them; each key in order."""
    consumer = AIOKafkaConsumer(**Kafka(bootstrap).client(), auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(topic, p) for p in sorted(await partitions_of(consumer, topic))]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found: list[Any] = []
        while [p for p in places if await consumer.position(p) < ends[p]]:
            polled = await consumer.getmany(timeout_ms=500)
            found += [record for records in polled.values() for record in records]
        return found
    finally:
        await consumer.stop()


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    """A topic's partitions, also where the client has not heard of it yet."""
    consumer.subscribe([topic])
    async with asyncio.timeout(10):
        while not (known := consumer.partitions_for_topic(topic)):
            await consumer.topics()
            await asyncio.sleep(0.05)
    consumer.unsubscribe()
    return set(known)


async def until(condition: Callable[[], Any], timeout_s: float = 20.0) -> None:
    """Wait for a condition; TimeoutError where it does not come true."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


def consumer(bootstrap: str, prefix: str, lane: MemoryLane, *, topic: str = "in", **settings: Any) -> Consumer:
    """A consumer of one topic with quick time-outs. Arguments of the consumer itself may be among the settings."""
    own: dict[str, Any] = {name: settings.pop(name) for name in ("probe", "waiting", "decode") if name in settings}
    defaults: dict[str, Any] = {"group": "group", "topics": (topic,), "budgets": QUICK, "session_timeout_s": 6.0}
    return Consumer(
        Kafka(bootstrap, prefix),
        ConsumerSettings(**(defaults | settings)),
        lane=lane,
        metrics=Metrics(),
        **{"decode": incoming, **own},
    )


@asynccontextmanager
async def running(part: Consumer | Relay) -> AsyncIterator[asyncio.Task[None]]:
    """Run a consumer or a relay beside the test; the way out must be quick and without an error."""
    task = asyncio.create_task(part.run())
    yield task
    part.stop()
    began = time.monotonic()
    async with asyncio.timeout(15):
        await task
    assert time.monotonic() - began < 10
