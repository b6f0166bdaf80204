"""How one attempt's decisions become writes. States go first: there a stale guard or a conflict shows soonest."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any
from zlib import crc32

from pymongo import InsertOne, ReplaceOne, UpdateOne

from shared.events.codec import encode
from shared.events.envelope import MAX_EVENT_BYTES
from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Cause
from shared.kernel.work import Emitted, Overlay
from shared.mongo.client import Document
from shared.mongo.desk import Desk, Line
from shared.mongo.documents import to_document
from shared.mongo.transaction import Transaction

Operations = dict[type[Aggregate], list[Any]]


class EventTooLarge(ValueError):
    """A rule emitted an event that no broker would take: a bug, found before it can block the outbox."""


async def save_states(tx: Transaction, overlay: Overlay) -> None:
    """Write every changed aggregate, each only over the state that was loaded. INVARIANT 3.

    The transaction's snapshot is the guard: it read the state, so writing over a later one is a write conflict. With
    the version in the filter as well, the server plans each of the queries instead of going straight to the id,
    which made this write twice as slow.
    """
    operations: Operations = defaultdict(list)
    for address in overlay.dirty:
        slot = overlay.slots[address]
        assert slot.now is not None  # noqa: S101 - dirty means set
        operations[address[0]].append(_state_write(slot.loaded_version, to_document(slot.now)))
    for kind, writes in operations.items():
        await tx.write(kind.collection, writes, guarded=len(writes))


def _state_write(loaded_version: int | None, document: Document) -> Any:
    if loaded_version is None:
        return InsertOne(document)
    return ReplaceOne({"_id": document["_id"]}, document)


async def save_timeline(tx: Transaction, desk: Desk) -> None:
    """One line per aggregate and version; the id makes versions contiguous and single."""
    await tx.insert("timeline", [_line(line, desk.now) for line in desk.lines])


def _line(line: Line, recorded_at: datetime) -> Document:
    (kind, id_), fact, actor = line.fact.address, line.fact, line.cause.actor
    about = f"{kind.collection}|{id_}"
    return {
        "_id": f"{about}|{fact.version}",
        "about": about,
        "version": fact.version,
        "code": fact.code,
        "detail": dict(fact.detail),
        "occurred_at": fact.occurred_at,
        "recorded_at": recorded_at,
        "actor": None if actor is None else {"person": actor.person, "agency": actor.agency},
        "cause_id": line.cause.id,
        "correlation_id": line.cause.correlation_id,
    }


async def save_entries(tx: Transaction, desk: Desk) -> None:
    """Insert what is only ever added, the audit's rows among them."""
    rows: dict[tuple[str, str | None], list[Document]] = defaultdict(list)
    for entry in desk.entries:
        rows[(entry.collection, entry.database)].append(to_document(entry))
    for (name, database), documents in rows.items():
        await tx.insert(name, documents, database)


async def save_events(tx: Transaction, desk: Desk, outbox: "OutboxWriter") -> None:
    """Number each event within its topic and key, and lay it in the outbox."""
    if desk.events:
        await outbox.save(tx, desk.events, desk.now)


class OutboxWriter:
    """Turns emitted events into outbox rows of `service`, spread over `shards` by topic and key."""

    def __init__(self, service: str, shards: int = 4, epoch: int = 1) -> None:
        self.source = f"/pulang/{service}"
        self.shards = shards
        self.epoch = epoch

    async def save(self, tx: Transaction, events: list[tuple[Emitted, Cause]], now: datetime) -> None:
        """Raise the counters and insert the rows.

        The counter's write conflicts with any other transaction on the same key, so a higher number can never
        become visible before a lower one, and the relay needs no order beyond it. INVARIANT 3.
        """
        addresses = [(topic_of(emitted), emitted.key) for emitted, _ in events]
        last = await _raise_counters(tx, Counter(addresses))
        rows = []
        for (emitted, cause), address in zip(reversed(events), reversed(addresses), strict=True):
            rows.append(self._row(emitted, cause, address, last[address], now))
            last[address] -= 1
        await tx.insert("outbox", rows)

    def _row(self, emitted: Emitted, cause: Cause, address: tuple[str, str], sequence: int, now: datetime) -> Document:
        topic, key = address
        value = encode(
            emitted.data,
            id_=emitted.id,
            source=self.source,
            subject=emitted.subject,
            time=now,
            key=key,
            correlation_id=cause.correlation_id,
            causation_id=cause.id,
            traceparent=cause.traceparent,
            sequence=sequence,
            epoch=self.epoch,
        )
        if len(value) > MAX_EVENT_BYTES:
            raise EventTooLarge(type(emitted.data).__name__)
        shard = crc32(f"{topic}|{key}".encode()) % self.shards
        return {
            "_id": emitted.id,
            "shard": shard,
            "topic": topic,
            "key": key,
            "sequence": sequence,
            "value": value,
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
