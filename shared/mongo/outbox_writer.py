"""How events get into the outbox: encoded when they are decided, numbered when they are saved."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from zlib import crc32

from pymongo import UpdateOne

from shared.events.codec import EventTooLarge, encode, numbered
from shared.events.outgoing import Outgoing
from shared.kernel.context import Cause
from shared.kernel.errors import Kind, Reject
from shared.kernel.work import Emitted
from shared.mongo.client import Document
from shared.mongo.transaction import Transaction

EVENT_TOO_LARGE = "EVENT_TOO_LARGE"


class OutboxWriter:
    """Turns emitted events into outbox rows of `service`, spread over `shards` by topic and key."""

    def __init__(self, service: str, shards: int = 4, epoch: int = 1) -> None:
        self.source = f"/pulang/{service}"
        self.shards = shards
        self.epoch = epoch

    def encoded(self, emitted: Emitted, cause: Cause, now: datetime) -> Outgoing:
        """The event without its number. Done in the turn of the input that causes it, so that this input alone is at
        fault: raises Reject where no broker would take it, and ValueError or TypeError where it is no event."""
        try:
            value = encode(
                emitted.data,
                id_=emitted.id,
                source=self.source,
                subject=emitted.subject,
                time=now,
                key=emitted.key,
                correlation_id=cause.correlation_id,
                causation_id=cause.id,
                traceparent=cause.traceparent,
                epoch=self.epoch,
            )
        except EventTooLarge as error:
            raise Reject(EVENT_TOO_LARGE, Kind.INVALID) from error
        return Outgoing(emitted.id, topic_of(emitted), emitted.key, 0, value)

    async def save(self, tx: Transaction, events: Sequence[Outgoing], now: datetime) -> None:
        """Raise the counters and insert the rows.

        The counter's write conflicts with any other transaction on the same key, so a higher number can never
        become visible before a lower one, and the relay needs no order beyond it. INVARIANT 3.
        """
        if not events:
            return
        addresses = [(event.topic, event.key) for event in events]
        last = await _raise_counters(tx, Counter(addresses))
        rows = []
        for event, address in zip(reversed(events), reversed(addresses), strict=True):
            rows.append(self._row(event, last[address], now))
            last[address] -= 1
        await tx.insert("outbox", rows)

    async def withdraw(self, tx: Transaction, topics_and_keys: Iterable[tuple[str, str]]) -> None:
        """Forget what has not left of these."""
        for topic, key in sorted(topics_and_keys):
            await tx.delete("outbox", {"shard": self._shard(topic, key), "topic": topic, "key": key})

    def _shard(self, topic: str, key: str) -> int:
        return crc32(f"{topic}|{key}".encode()) % self.shards

    def _row(self, event: Outgoing, sequence: int, now: datetime) -> Document:
        return {
            "_id": event.id,
            "shard": self._shard(event.topic, event.key),
            "topic": event.topic,
            "key": event.key,
            "sequence": sequence,
            "value": numbered(event.value, sequence),
            "at": now,
        }


def topic_of(emitted: Emitted) -> str:
    """Where an event goes; a type that lives on several topics has to be told."""
    topics: tuple[str, ...] = emitted.data.topics  # type: ignore[attr-defined]
    if emitted.topic is None and len(topics) == 1:
        return topics[0]
    if emitted.topic not in topics:
        raise ValueError(f"{type(emitted.data).__name__} does not go to {emitted.topic}")
    return str(emitted.topic)


async def _raise_counters(tx: Transaction, by: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    ids = {f"{topic}|{key}": (topic, key) for topic, key in by}
    raises = [UpdateOne({"_id": id_}, {"$inc": {"sequence": by[address]}}, upsert=True) for id_, address in ids.items()]
    await tx.write("keys", raises)
    return {ids[row["_id"]]: row["sequence"] for row in await tx.find("keys", {"_id": {"$in": list(ids)}})}
