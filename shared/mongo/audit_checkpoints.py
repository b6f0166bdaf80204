"""The stored checkpoints, read at a majority."""

from dataclasses import dataclass

from shared.mongo.audit_chain import CHECKPOINTS
from shared.mongo.client import Mongo
from shared.security.audit.checkpoint import Checkpoint


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
