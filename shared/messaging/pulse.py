"""The pulse of a topic: every second, on each partition, up to when everything acknowledged has been published."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

import structlog
from aiokafka.errors import KafkaError

from shared.events.codec import encode
from shared.events.envelope import EventData
from shared.events.outgoing import Outgoing
from shared.events.registry import TopicSpec
from shared.kernel.ids import new_id
from shared.messaging.producer import DeliveryUnknown, Producer
from shared.messaging.settings import Kafka

log = structlog.get_logger(__name__)

EVERY_S = 1.0
CLOSING_S = 1.0


class Settled(Protocol):
    """The outbox, as the pulse asks it."""

    async def settled(self, topic: str, within_s: float) -> datetime | None:
        """A moment of the database's time before which everything acknowledged for this topic has left; None where
        that cannot be said in time."""
        ...


class Pulse:
    """Runs beside the relay, in as many processes as there are; two pulses do no harm.

    A topic whose outbox does not drain gets no pulse, and readers find out by its absence: they fail closed.
    """

    def __init__(
        self, kafka: Kafka, service: str, topics: Iterable[TopicSpec], body: type[EventData], outbox: Settled
    ) -> None:
        self._source = f"/pulang/{service}"
        self._topics = tuple(topics)
        self._body = body
        self._outbox = outbox
        self._producer = Producer(kafka, send_s=3.0)

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop. Outages are waited out; brokers that never answered hold nobody up."""
        beating, stopping = asyncio.create_task(self._beats()), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({beating, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if beating.done():
                beating.result()
        finally:
            for task in (beating, stopping):
                task.cancel()
            await asyncio.wait({beating, stopping}, timeout=CLOSING_S)
            await self._producer.stop(CLOSING_S)

    async def _beats(self) -> None:
        await self._producer.start()
        while True:
            await self._beat()
            await asyncio.sleep(EVERY_S)

    async def _beat(self) -> None:
        try:
            for topic in self._topics:
                at = await self._outbox.settled(topic.name, EVERY_S)
                if at is not None:
                    there = range(await self._producer.partitions(topic.name))
                    await asyncio.gather(*(self._send(topic.name, n, at) for n in there))
        except (KafkaError, DeliveryUnknown) as error:
            log.warning("no_pulse", error=type(error).__name__)
            await self._producer.replace()

    async def _send(self, topic: str, partition: int, at: datetime) -> None:
        key, id_ = f"pulse-{partition}", new_id()
        data = self._body(occurred_at=at)
        value = encode(data, id_=id_, source=self._source, subject=key, time=at, key=key)
        await self._producer.send(topic, partition, [Outgoing(id_, topic, key, 1, value)])
