"""What others leave at a database's door, moved on to where it is kept.

The door is one collection that others may add to and cannot look into. Whoever owns the database moves the rows on
under an account of its own, so nobody can both bring something and read what was brought.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from pymongo import IndexModel, UpdateOne

from shared.kernel.clock import Clock
from shared.mongo.client import Document, Mongo
from shared.mongo.indexes import ensure_collection
from shared.mongo.releasing import wait
from shared.mongo.transaction import Conflict, Transaction, Transient, transact

log = structlog.get_logger(__name__)

DOOR = "arrivals"
PAGE = 200
SWEEP_S = 1.0


@dataclass
class Mover:
    """Moves rows from the door into the collection `room` of the same database, each once, whoever else does so too."""

    mongo: Mongo
    room: str
    clock: Clock
    indexes: Sequence[IndexModel] = ()

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; what cannot be done now is tried again."""
        await ensure_collection(self.mongo, DOOR)
        await ensure_collection(self.mongo, self.room, indexes=self.indexes)
        while not stop.is_set():
            try:
                moved = await self.sweep()
            except (Conflict, Transient) as error:
                log.warning("move_postponed", room=self.room, error=type(error).__name__)
                moved = 0
            if moved < PAGE:
                await wait(stop, SWEEP_S)

    async def sweep(self) -> int:
        """Move what stands at the door now, a page at most; answers how many."""
        return await transact(self.mongo, self._move)

    async def _move(self, tx: Transaction) -> int:
        rows = await tx.find(DOOR, {}, sort=[("_id", 1)], limit=PAGE)
        # Set only where there is none: a row that comes again, from a restored copy, must not undo what was done since.
        kept = [UpdateOne({"_id": row["_id"]}, {"$setOnInsert": self._kept(row)}, upsert=True) for row in rows]
        await tx.write(self.room, kept)
        await tx.delete(DOOR, {"_id": {"$in": [row["_id"] for row in rows]}})
        return len(rows)

    def _kept(self, row: Document) -> Document:
        now = self.clock()
        return {name: value for name, value in row.items() if name != "_id"} | {
            "version": 1,
            "created_at": now,
            "updated_at": now,
        }
