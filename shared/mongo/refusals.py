"""Where bad things go: what cannot be read to the dead letters, a partner's unacceptable fact to quarantine.

Both keep the bytes encrypted under a key that is destroyed with its month; operators see the envelope only.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from pymongo import UpdateOne

from shared.events.incoming import Incoming, Record
from shared.events.system_v1 import MessageRefused
from shared.kernel.context import Cause
from shared.kernel.ids import derived_id
from shared.kernel.setaside import FactSetAside
from shared.kernel.work import Emitted
from shared.mongo.client import Document
from shared.mongo.desk import Desk
from shared.mongo.expiry import expires
from shared.mongo.transaction import Transaction
from shared.observability.metrics import Metrics

DEAD_LETTERS = "dead_letters"
QUARANTINE = "quarantine"
KEEP_DEAD = timedelta(days=30)
KEEP_QUARANTINE = timedelta(days=60)


class Sealer(Protocol):
    """Encrypts bytes for an owner's reviewer, under that owner's key of the month."""

    async def seal(self, owner: str, month: str, plain: bytes) -> bytes:
        """The ciphertext; makes the key where it does not exist yet."""
        ...


@dataclass
class Refusals:
    """What one attempt refuses."""

    consumer: str
    sealer: Sealer
    dead: list[Document] = field(default_factory=list)
    quarantined: list[Document] = field(default_factory=list)

    def start(self) -> None:
        """Forget an earlier attempt."""
        self.dead, self.quarantined = [], []

    async def bury(self, desk: Desk, incoming: Incoming, reason: str, owner: str, *, keep_bytes: bool = True) -> None:
        """To the dead letters: a row with the sealed bytes, and an event with reason and place."""
        # By place: the row's id is the event's too, and an event is emitted once.
        id_ = derived_id(self.consumer, *_place(incoming.record))
        row = await self._row(id_, incoming, reason, owner, desk.now, KEEP_DEAD, keep_bytes=keep_bytes)
        self.dead.append({**row, "purged": False})
        record = incoming.record
        refused = MessageRefused(
            occurred_at=desk.now,
            consumer=self.consumer,
            topic=record.partition.topic,
            partition=record.partition.number,
            offset=record.offset,
            reason=reason,
            reference=row["_id"],
        )
        cause = Cause(action="MESSAGE_REFUSED", id=row["_id"], correlation_id=row["_id"])
        desk.emit(Emitted(refused, key=row["_id"], subject=row["_id"], id=row["_id"]), cause)

    async def quarantine(self, desk: Desk, incoming: Incoming, reason: str, owner: str) -> FactSetAside:
        """Aside, alone: later facts go on, so that one bad fact never holds back a threat or a release."""
        id_ = derived_id(self.consumer, *(_what(incoming) or _place(incoming.record)))
        self.quarantined.append(await self._row(id_, incoming, reason, owner, desk.now, KEEP_QUARANTINE))
        return FactSetAside(owner, reason, id_)

    async def save(self, tx: Transaction) -> None:
        """Write the rows; one that is there already (the same thing came again) stays as it is."""
        for name, rows in ((DEAD_LETTERS, self.dead), (QUARANTINE, self.quarantined)):
            await tx.write(name, [UpdateOne({"_id": r["_id"]}, {"$setOnInsert": r}, upsert=True) for r in rows])

    def count(self, metrics: Metrics) -> None:
        """They are durable now."""
        for counter, rows in ((metrics.dead, self.dead), (metrics.quarantined, self.quarantined)):
            for row in rows:
                counter.labels(row["topic"], row["reason"]).inc()

    async def _row(
        self,
        id_: str,
        incoming: Incoming,
        reason: str,
        owner: str,
        now: datetime,
        keep: timedelta,
        *,
        keep_bytes: bool = True,
    ) -> Document:
        record = incoming.record
        sealed = await self.sealer.seal(owner, f"{now:%Y-%m}", record.value or b"") if keep_bytes else None
        return {
            "_id": id_,
            "topic": record.partition.topic,
            "partition": record.partition.number,
            "offset": record.offset,
            "owner": owner,
            "reason": reason,
            "type": incoming.event.data.type if incoming.event else None,
            "size": record.size,
            "digest": incoming.digest,
            "sealed": sealed,
            "at": now,
            "expires_at": expires(keep),
        }


def _place(record: Record) -> tuple[str, ...]:
    """Where it lies; the time tells a topic from one that was made anew under its name."""
    return record.partition.topic, str(record.partition.number), str(record.offset), str(record.timestamp_ms)


def _what(incoming: Incoming) -> tuple[str, ...] | None:
    """What a readable fact is, wherever it lies: the same one that comes again is no second row."""
    if incoming.event is None or incoming.identity is None:
        return None
    return incoming.record.partition.topic, incoming.identity, incoming.digest.hex()
