"""Parking: on our own topics order is state, so behind a rejected event the later ones of its key wait.

One head per (consumer, topic, key) is what a single find recognises. Whoever parks, releases or discards writes the
head in the same transaction under its `revision`, so that any two of them conflict; without that, a release and an
arriving event could both commit and leave one event behind for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymongo import DeleteOne, InsertOne, ReplaceOne

from shared.events.incoming import Partition, Record
from shared.kernel.aggregate import Ref
from shared.kernel.work import Overlay
from shared.mongo.client import Document
from shared.mongo.transaction import Transaction

HEADS = "parked_heads"
ROWS = "parked"


@dataclass
class Head:
    """One parked key. `last` numbers its rows; `releasing` asks the worker to try them again."""

    id: str
    consumer: str
    topic: str
    key: str | None
    count: int = 0
    last: int = 0
    revision: int = 0
    releasing: bool = False
    reason: str = ""
    waits_for: str | None = None
    since: datetime | None = None

    @classmethod
    def of(cls, document: Document) -> "Head":
        """The head that was saved as this document."""
        fields = {name: document.get(name) for name in cls.__dataclass_fields__ if name != "id"}
        return cls(id=document["_id"], **fields)  # type: ignore[arg-type]

    def document(self, revision: int) -> Document:
        """As saved under a revision."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "id"}
        return {"_id": self.id, **fields, "revision": revision}


def head_id(consumer: str, record: Record) -> str:
    """By key; an event without one parks alone."""
    alone = f"@{record.partition.number}:{record.offset}"
    return f"{consumer}|{record.partition.topic}|{record.key if record.key is not None else alone}"


def waiting_id(ref: Ref | None) -> str | None:
    """How a head names the aggregate whose creation it waits for."""
    return None if ref is None else f"{ref.kind.collection}|{ref.id}"


@dataclass
class ParkingLot:
    """The heads that one attempt has read, and what it changes about them."""

    consumer: str
    heads: dict[str, Head] = field(default_factory=dict)
    rows: list[Document] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)

    async def read(self, tx: Transaction, ids: Iterable[str]) -> None:
        """Read the heads among these ids."""
        wanted = sorted(set(ids))
        found = await tx.find(HEADS, {"_id": {"$in": wanted}}) if wanted else []
        self.heads = {document["_id"]: Head.of(document) for document in found}
        self.rows, self.changed = [], set()

    def holds(self, record: Record) -> bool:
        """Whether events of this key have to wait."""
        return head_id(self.consumer, record) in self.heads

    def park(self, record: Record, reason: str, at: datetime, waits_for: str | None = None) -> None:
        """Put a record at the end of its key's queue."""
        id_ = head_id(self.consumer, record)
        head = self.heads.get(id_)
        if head is None:
            head = Head(id_, self.consumer, record.partition.topic, record.key, since=at)
            head.reason, head.waits_for = reason, waits_for
            self.heads[id_] = head
        head.count += 1
        head.last += 1
        self.changed.add(id_)
        self.rows.append(_row(head, record, reason, at))

    async def save(self, tx: Transaction) -> None:
        """Write rows and heads; raises Conflict where a head is not as it was read."""
        await tx.insert(ROWS, self.rows)
        writes = [head_write(self.heads[id_]) for id_ in sorted(self.changed)]
        await tx.write(HEADS, writes, guarded=len(writes))


def _row(head: Head, record: Record, reason: str, at: datetime) -> Document:
    return {
        "_id": f"{head.id}|{head.last:012d}",
        "head": head.id,
        "position": head.last,
        "partition": record.partition.number,
        "offset": record.offset,
        "value": record.value,
        "headers": [[name, value] for name, value in record.headers],
        "timestamp_ms": record.timestamp_ms,
        "key_unreadable": record.key_unreadable,
        "reason": reason,
        "at": at,
    }


def record_of(head: Head, row: Document) -> Record:
    """The record that was parked as this row."""
    return Record(
        partition=Partition(head.topic, row["partition"]),
        offset=row["offset"],
        key=head.key,
        value=row["value"],
        headers=tuple((name, value) for name, value in row["headers"]),
        timestamp_ms=row["timestamp_ms"],
        key_unreadable=row["key_unreadable"],
    )


def head_write(head: Head) -> Any:
    """The guarded write of a head; one without rows is deleted."""
    if head.revision == 0:
        return InsertOne(head.document(1))
    guard = {"_id": head.id, "revision": head.revision}
    if head.count == 0:
        return DeleteOne(guard)
    return ReplaceOne(guard, head.document(head.revision + 1))


async def release_waiting(tx: Transaction, overlay: Overlay) -> None:
    """Ask for the release of every key that waits for something this transaction creates.

    An event that parks at the same moment is missed here; the worker's sweep finds it.
    """
    created = [a for a in overlay.dirty if overlay.slots[a].loaded_version is None]
    if created:
        names = [waiting_id(Ref(kind, id_)) for kind, id_ in created]
        await tx.update(HEADS, {"waits_for": {"$in": names}}, {"$set": {"releasing": True}, "$inc": {"revision": 1}})
