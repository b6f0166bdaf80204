"""The only way of ours to write to Kafka: explicit batches, one under way per partition.

What aiokafka 0.14 does with plain `send` (read in `producer/sender.py` and `message_accumulator.py`):
- It has one batch per partition in flight and puts a batch that failed with a retriable error back in front, so
  retries keep the order.
- A batch that fails for good (too large, not authorised, a partition without a leader for longer than the request's
  time-out) is failed alone, and *the next batch of the same partition is sent all the same*. Its sequence number has a
  gap then. A broker that knows this producer on that partition refuses it with OutOfOrderSequenceNumber, and every
  batch after it, for ever (aio-libs/aiokafka#1017). A broker that does not know it yet *accepts the gap*: a later
  event of a key is then delivered before an earlier one.
- An idempotent producer retries without end; a caller's time-out says nothing about delivery.

Hence: the next batch of a partition is handed over only after the one before is acknowledged, and a producer that has
failed on a partition is thrown away before that partition is tried again.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.partitioner import murmur2

from shared.events.frame import HEADERS
from shared.messaging.connect import connect
from shared.messaging.ports import Outgoing
from shared.messaging.settings import Kafka

log = structlog.get_logger(__name__)

BATCH_BYTES = 512 * 1024
"""Half of what a broker takes by default; a record that is larger travels alone."""
METADATA_S = 5.0
"""For finding out about a topic; one that does not exist must not hold up the others for longer."""


class DeliveryUnknown(Exception):
    """No answer in time: the rows may or may not be in the log."""


class Producer:
    """Owns one idempotent aiokafka producer at a time and replaces it when it has failed.

    `send_s` is how long an acknowledgement may take. Not for concurrent sends to one partition.
    """

    def __init__(self, kafka: Kafka, send_s: float = 20.0, max_batch_bytes: int = BATCH_BYTES) -> None:
        self._kafka = kafka
        self._send_s = send_s
        self._max_batch_bytes = max_batch_bytes
        self._producer: AIOKafkaProducer | None = None
        self._partitions: dict[str, int] = {}
        self.generation = 0
        """Counts the producers made; for tests and logs."""

    async def start(self) -> None:
        """Connect, unless connected; waits while no broker answers."""
        if self._producer is None:
            self._producer = await connect(self._make)
            self.generation += 1

    async def partition(self, topic: str, key: str) -> int:
        """Where a key of a topic belongs, by the same hash as every Kafka client's default. Raises KafkaError or
        DeliveryUnknown."""
        return int(murmur2(key.encode()) & 0x7FFFFFFF) % await self.partitions(topic)

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has. Raises KafkaError or DeliveryUnknown."""
        count = self._partitions.get(topic)
        if count is None:
            count = self._partitions[topic] = await self._count(topic)
        return count

    async def _count(self, topic: str) -> int:
        try:
            async with asyncio.timeout(METADATA_S):
                return len(await self._started.partitions_for(self._kafka.actual(topic)))
        except TimeoutError:
            raise DeliveryUnknown from None

    async def send(self, topic: str, partition: int, rows: Sequence[Outgoing]) -> int:
        """Send as many of the first rows as fit into one batch; answers how many were acknowledged by all replicas.

        Raises DeliveryUnknown or aiokafka's KafkaError; then nothing may follow on this partition before `replace`.
        """
        producer = self._started
        batch = producer.create_batch()
        count = 0
        for row in rows:
            if batch.append(timestamp=None, key=row.key.encode(), value=row.value, headers=list(HEADERS)) is None:
                break
            count += 1
        if not count:
            raise MessageSizeTooLargeError
        batch.close()
        await self._acknowledged(producer.send_batch(batch, self._kafka.actual(topic), partition=partition))
        return count

    async def replace(self) -> None:
        """Throw the producer away, with whatever it still holds, and make a new one."""
        await self._discard()
        await self.start()

    async def stop(self, timeout_s: float = 2.0) -> None:
        """Close, within the time-out."""
        await self._discard(timeout_s)

    @property
    def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("the producer is not started")
        return self._producer

    def _make(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            acks="all",
            enable_idempotence=True,
            max_batch_size=self._max_batch_bytes,
            request_timeout_ms=int(self._send_s * 1000),
            **self._kafka.client(),
        )

    async def _acknowledged(self, sending: Any) -> None:
        delivery = asyncio.ensure_future(_delivered(sending))
        delivery.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait({delivery}, timeout=self._send_s)
        if not delivery.done():
            raise DeliveryUnknown
        delivery.result()

    async def _discard(self, timeout_s: float = 2.0) -> None:
        producer, self._producer = self._producer, None
        self._partitions.clear()
        if producer is None:
            return
        _abandon(producer)
        closing = asyncio.create_task(_close(producer))
        closing.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait({closing}, timeout=timeout_s)


async def _delivered(sending: Any) -> None:
    await (await sending)


def _abandon(producer: AIOKafkaProducer) -> None:
    """Let go of what is not acknowledged: `stop` alone would first deliver what is about to be sent again."""
    # There is no public way (private names of the locked version, guarded by the test of replacing).
    producer._message_accumulator.fail_all(KafkaError("abandoned"))
    if producer._sender.sender_task is not None:
        producer._sender.sender_task.cancel()


async def _close(producer: AIOKafkaProducer) -> None:
    try:
        await producer.stop()
    finally:
        await producer.client.close()
