"""Producers of the failure tests: they write down what the brokers acknowledged, and where."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer

from shared.kernel.ids import new_id
from shared.messaging.settings import Kafka
from tests.support.ledger import OWN, PARTNER, RIVAL, added
from tests.support.oracle import Journal, Sent

SOURCES = {OWN: "/pulang/test", PARTNER: "/partner/testers", RIVAL: "/partner/rivals"}


@dataclass
class Publisher:
    """Writes to the ledger's topics and keeps the journal. Amounts count up per topic and key: they are the order."""

    producer: AIOKafkaProducer
    prefix: str
    journal: Journal = field(default_factory=list)
    counters: defaultdict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    values: dict[int, bytes | None] = field(default_factory=dict)
    """What was sent, by its place in the journal."""

    async def add(self, key: str, topic: str = OWN, *, id_: str | None = None, **flags: Any) -> Sent:
        """One more amount for an account; answers when it is acknowledged."""
        return await (await self.adding(key, topic, id_=id_, **flags))

    async def adding(self, key: str, topic: str = OWN, *, id_: str | None = None, **flags: Any) -> "asyncio.Task[Sent]":
        """The same without waiting for the acknowledgement; the order is that of the calls."""
        self.counters[topic, key] += 1
        event_id = id_ or new_id()
        value = added(key, self.counters[topic, key], id_=event_id, partner=topic != OWN, **flags)
        return await self.raw(key.encode(), value, topic, id_=event_id, key_text=key)

    async def raw(
        self,
        key: bytes | None,
        value: bytes | None,
        topic: str = OWN,
        *,
        id_: str | None = None,
        key_text: str = "",
        fate: str | None = None,
        headers: Sequence[tuple[str, bytes | None]] = (),
        source: str | None = None,
    ) -> "asyncio.Task[Sent]":
        """Any bytes. `fate` is the reason for which they must be refused, None where they must count once."""
        future = await self.producer.send(self.prefix + topic, value, key=key, headers=list(headers))
        seq = self.counters[topic, key_text]

        async def note() -> Sent:
            done = await future
            realm = source or SOURCES[topic]
            sent = Sent(topic, done.partition, done.offset, key_text, seq, id_, realm, time.time(), fate)
            self.values[len(self.journal)] = value
            self.journal.append(sent)
            return sent

        return asyncio.create_task(note())

    async def again(self, index: int) -> "asyncio.Task[Sent]":
        """Repeat what is in the journal at this place, byte for byte."""
        sent = self.journal[index]
        return await self.raw(
            sent.key.encode(), self.values[index], sent.topic,
            id_=sent.id, key_text=sent.key, fate=sent.fate, source=sent.source,
        )  # fmt: skip

    async def flow(self, count: int, keys: Sequence[str], rng: random.Random, **how: Any) -> None:
        """Publish `count` events on random keys; see `_flow` for the rest."""
        await _flow(self, count, keys, rng, **how)


async def _flow(
    publisher: Publisher, count: int, keys: Sequence[str], rng: random.Random, repeated: float = 0.0, per_s: float = 0.0
) -> None:
    """A share `repeated` of them is published a second time, some while later; `per_s` 0 means at once."""
    waiting: list[asyncio.Task[Sent]] = []
    for _ in range(count):
        waiting.append(await publisher.adding(rng.choice(keys)))
        if publisher.journal and rng.random() < repeated:
            waiting.append(await publisher.again(rng.randrange(len(publisher.journal))))
        if per_s:
            await asyncio.sleep(1 / per_s)
        else:
            await asyncio.sleep(0)
    await asyncio.gather(*waiting)


@asynccontextmanager
async def publisher(bootstrap: str, prefix: str) -> AsyncIterator[Publisher]:
    """A producer with a client of its own; takes up to 3 MB, as a broker with a raised limit does."""
    options = {"enable_idempotence": True, "max_request_size": 3_000_000, "linger_ms": 2}
    async with AIOKafkaProducer(**Kafka(bootstrap).client(), **options) as producer:
        yield Publisher(producer, prefix)
