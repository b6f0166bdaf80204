"""The stored checkpoints, read at a majority."""

from dataclasses import dataclass
from datetime import datetime

from shared.mongo.audit_chain import AUDIT, CHECKPOINTS
from shared.mongo.client import Document, Mongo
from shared.security.audit.canonical import moment
from shared.security.audit.checkpoint import Checkpoint, CheckpointKind


@dataclass
class CheckpointStore:
    """One service's checkpoints by number."""

    mongo: Mongo

    async def at(self, number: int) -> Checkpoint | None:
        """This one, or None."""
        found = await self.mongo.collection(CHECKPOINTS).find_one({"_id": number})
        return Checkpoint.read(found) if found else None

    async def after(self, number: int) -> list[Checkpoint]:
        """Those after this one, in order."""
        found = self.mongo.collection(CHECKPOINTS).find({"_id": {"$gt": number}}).sort([("_id", 1)])
        return [Checkpoint.read(row) for row in await found.to_list(None)]

    async def newest(self) -> Checkpoint | None:
        """The last one, or None."""
        return await self._newest({})

    async def expired(self, before: datetime) -> Checkpoint | None:
        """The last checkpoint over entries that are all older than that, unless they are pruned already."""
        query = {"kind": CheckpointKind.CHECKPOINT.value, "at": {"$lt": moment(before)}}
        old = await self._newest(query)
        if old is None or await self._is_lost(old):
            return None
        return old if old.last > await self.pruned_through() else None

    async def _is_lost(self, checkpoint: Checkpoint) -> bool:
        """Whether a restore went back behind it, so that its entries are others now; a later one will expire."""
        behind = {"_id": {"$gt": checkpoint.number}, "last": {"$lt": checkpoint.last}}
        return await self._newest({"kind": CheckpointKind.RESTORED.value, **behind}) is not None

    async def pruned_through(self) -> int:
        """The last entry of which a signed record says that it has expired."""
        pruned = await self._newest({"kind": CheckpointKind.PRUNED.value})
        return (pruned.pruned_through or 0) if pruned else 0

    async def delete_expired(self) -> int:
        """Delete what is recorded as expired, and the checkpoints over it but the last; answers how many entries."""
        through = await self.pruned_through()
        done = await self.mongo.collection(AUDIT).delete_many({"chain.seq": {"$lte": through}})
        await self.mongo.collection(CHECKPOINTS).delete_many({"last": {"$lt": through}})
        return int(done.deleted_count)

    async def _newest(self, query: Document) -> Checkpoint | None:
        found = await self.mongo.collection(CHECKPOINTS).find(query).sort([("_id", -1)]).limit(1).to_list(None)
        return Checkpoint.read(found[0]) if found else None
