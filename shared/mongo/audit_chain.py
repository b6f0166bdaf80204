"""The sequencer's hands: numbers entries that have no number yet, and seals them with checkpoints.

Entries are inserted without a place, since a chain's head inside everybody's transaction would let one of them through
at a time. One leased task numbers them afterwards. The lease only saves work: whoever numbers writes the head that it
has read in the same snapshot, so of two at once one loses, and a zombie cannot fork a chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pymongo import ReplaceOne, UpdateOne

from shared.events.audit_v1 import CheckpointSigned, SecurityRaised
from shared.kernel.clock import Clock
from shared.kernel.context import Cause
from shared.kernel.work import Emitted
from shared.mongo.client import Document, Mongo
from shared.mongo.outbox_writer import OutboxWriter
from shared.mongo.transaction import Transaction, transact
from shared.security.audit.chain import ZERO, Head, chains_of_rows, place, service_chain
from shared.security.audit.checkpoint import Checkpoint, CheckpointKind, following, head_of, restored
from shared.security.audit.signing import Signer
from shared.security.audit.watch import Alarm

AUDIT, HEADS, CHECKPOINTS, ALARMS = "audit", "audit_heads", "audit_checkpoints", "audit_alarms"
AT_ONCE = 500
MAX_COVERED = 5000
"""Entries under one checkpoint."""
UNNUMBERED: Document = {"chain": {"$type": "null"}}
"""By state, never by position: an entry that commits late has an older id than some that are numbered already."""


class Broken(Exception):
    """The stored chain has a hole or another end than the sealed one: somebody wrote to it, so nothing is signed."""


@dataclass
class AuditChain:
    """One service's chain. Every call is one transaction; raises Conflict or Transient for what may be tried again."""

    service: str
    mongo: Mongo
    outbox: OutboxWriter
    clock: Clock

    async def number(self, limit: int = AT_ONCE) -> list[Document]:
        """Give entries their places; answers them in their order, none where all have one.

        The transaction's snapshot is of what a majority has, so no entry is numbered that a fail-over takes back.
        """

        async def body(tx: Transaction) -> list[Document]:
            rows = await tx.find(AUDIT, UNNUMBERED, sort=[("at", 1), ("_id", 1)], limit=limit)
            if rows:
                await self._place(tx, rows, await _heads(tx, chains_of_rows(self.service, rows)))
            return rows

        return await transact(self.mongo, body)

    async def seal(self, signer: Signer, old: Signer | None = None) -> Checkpoint | None:
        """Sign what is numbered but not sealed; answers the checkpoint, or None where there is nothing to seal.

        A new key is handed over to first, by the old one where we have it. Raises Broken.
        """

        async def body(tx: Transaction) -> Checkpoint | None:
            before = await last_checkpoint(tx)
            if before is not None and before.signing_key != signer.public:
                handing = old if old and old.public == before.signing_key else signer
                return await self._sign(tx, before, handing, kind=CheckpointKind.ROTATION, next_key=signer.public)
            hashes = await self._unsealed(tx, head_of(before))
            return await self._sign(tx, before, signer, hashes) if hashes else None

        return await transact(self.mongo, body)

    async def alarm(self, alarm: Alarm, tell: str) -> bool:
        """Publish it once; answers False where the same rule spoke of the same person within its window."""

        async def body(tx: Transaction) -> bool:
            since = alarm.at - timedelta(seconds=alarm.rule.window_s)
            who: Document = {"rule": alarm.rule.code, "person": alarm.person}
            if await tx.find(ALARMS, {**who, "at": {"$gt": since}}, limit=1):
                return False
            await tx.insert(ALARMS, [{"_id": alarm.ref, **who, "at": alarm.at, "count": alarm.count}])
            event = Emitted(self._raised(alarm, tell), key=alarm.person, subject=alarm.person, id=alarm.ref)
            cause = Cause("SECURITY_RAISED", alarm.entry, alarm.ref, channel="audit")
            await self._publish(tx, event, cause)
            return True

        return await transact(self.mongo, body)

    def _raised(self, alarm: Alarm, tell: str) -> SecurityRaised:
        return SecurityRaised(
            occurred_at=alarm.at,
            alarm_ref=alarm.ref,
            rule=alarm.rule.code,
            service=self.service,
            person=alarm.person,
            agency=alarm.agency,
            tell=tell,
            count=alarm.count,
            window_s=alarm.rule.window_s,
        )

    async def prune(self, signer: Signer, through: Checkpoint) -> Checkpoint:
        """Record that everything up to this checkpoint has expired; what it covers may be deleted from then on."""

        async def body(tx: Transaction) -> Checkpoint:
            before = await last_checkpoint(tx)
            return await self._sign(
                tx,
                before,
                signer,
                kind=CheckpointKind.PRUNED,
                pruned_through=through.last,
                pruned_head=through.head,
            )

        return await transact(self.mongo, body)

    async def restore(self, signer: Signer, copies: Sequence[Checkpoint]) -> Checkpoint:
        """Record that the database is a restored back-up: the checkpoints that it lost are put back from the copies,
        so that none is signed twice, and a signed record says after which entry the service goes on.

        Raises Broken where the copies do not continue what the database has, or another key signed the last of them.
        """

        async def body(tx: Transaction) -> Checkpoint:
            kept = await last_checkpoint(tx)
            lost = _continuing(kept, copies)
            newest = lost[-1] if lost else kept
            if newest is None:
                raise Broken("there is no checkpoint, neither here nor in the copies")
            if newest.signing_key != signer.public:
                raise Broken(f"another key signs after checkpoint {newest.number}")
            await tx.insert(CHECKPOINTS, [{"_id": each.number, **each.plain()} for each in lost])
            return await self._keep(tx, restored(newest, kept, self.clock(), signer))

        return await transact(self.mongo, body)

    async def _place(self, tx: Transaction, rows: Sequence[Document], heads: dict[str, Head]) -> None:
        """By id alone: the snapshot guards what was read in it. The heads first, where a race shows soonest."""
        placed = place(self.service, rows, heads)
        await tx.write(HEADS, [_head_write(name, head) for name, head in heads.items()])
        places = [UpdateOne({"_id": entry.id}, {"$set": {"chain": entry.place}}) for entry in placed]
        await tx.write(AUDIT, places, guarded=len(places))

    async def _unsealed(self, tx: Transaction, sealed: Head) -> list[str]:
        """The hashes of the entries after the sealed ones."""
        query: Document = {"chain.seq": {"$gt": sealed.seq}}
        fields: Document = {"chain": 1}
        rows = await tx.find(AUDIT, query, sort=[("chain.seq", 1)], limit=MAX_COVERED, fields=fields)
        for number, row in enumerate(rows):
            expected = (sealed.seq + number + 1, rows[number - 1]["chain"]["hash"] if number else sealed.hash)
            if (row["chain"]["seq"], row["chain"]["prev"]) != expected:
                raise Broken(f"entry {expected[0]}")
        await self._check_end(tx, sealed, rows)
        return [row["chain"]["hash"] for row in rows]

    async def _check_end(self, tx: Transaction, sealed: Head, rows: Sequence[Document]) -> None:
        name = service_chain(self.service)
        head = (await _heads(tx, [name])).get(name, Head())
        last = Head(rows[-1]["chain"]["seq"], rows[-1]["chain"]["hash"]) if rows else sealed
        if len(rows) < MAX_COVERED and head != last:
            raise Broken(f"entry {min(head.seq, last.seq) + 1}")

    async def _sign(
        self, tx: Transaction, before: Checkpoint | None, signer: Signer, hashes: Sequence[str] = (), **more: Any
    ) -> Checkpoint:
        """Keep and publish it. Its number is its id, so of two at once one loses."""
        return await self._keep(tx, following(before, self.service, self.clock(), signer, hashes, **more))

    async def _keep(self, tx: Transaction, made: Checkpoint) -> Checkpoint:
        await tx.insert(CHECKPOINTS, [{"_id": made.number, **made.plain()}])
        told = CheckpointSigned(occurred_at=made.at, **made.plain())
        id_ = f"{self.service}-checkpoint-{made.number}"
        event = Emitted(told, key=self.service, subject=self.service, id=id_)
        await self._publish(tx, event, Cause("AUDIT_SEALED", id_, id_, channel="audit"))
        return made

    async def _publish(self, tx: Transaction, event: Emitted, cause: Cause) -> None:
        now = self.clock()
        await self.outbox.save(tx, [self.outbox.encoded(event, cause, now)], now)


def _continuing(kept: Checkpoint | None, copies: Sequence[Checkpoint]) -> list[Checkpoint]:
    """The copied checkpoints after the one that the database has last; raises Broken where they are another chain's."""
    number = kept.number if kept else 0
    before, beyond = kept, [each for each in copies if each.number > number]
    if any(each != kept for each in copies if each.number == number):
        raise Broken(f"checkpoint {number} is not the one that was copied")
    for each in beyond:
        if (each.number, each.previous) != ((before.number + 1, before.hash) if before else (1, ZERO)):
            raise Broken(f"checkpoint {each.number} does not follow")
        before = each
    return beyond


async def last_checkpoint(tx: Transaction) -> Checkpoint | None:
    """The newest, as this transaction sees it."""
    found = await tx.find(CHECKPOINTS, {}, sort=[("_id", -1)], limit=1)
    return Checkpoint.read(found[0]) if found else None


async def _heads(tx: Transaction, names: Sequence[str]) -> dict[str, Head]:
    found = await tx.find(HEADS, {"_id": {"$in": list(names)}})
    return {row["_id"]: Head(row["seq"], row["hash"]) for row in found}


def _head_write(name: str, head: Head) -> ReplaceOne[Document]:
    return ReplaceOne({"_id": name}, {"seq": head.seq, "hash": head.hash}, upsert=True)
