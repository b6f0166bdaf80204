"""Where all processes of a service count requests: the `limits` library's storage on our own door to the database.

The library's own storage for MongoDB opens a client beside ours, waits for a majority, and reads the clock of each
process. A count may be lost in a failover, so the primary's word is enough; windows begin and end by its clock.
"""

import time
from typing import Any

import pymongo
from limits.aio.storage import Storage
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from shared.mongo.client import Mongo

COLLECTION = "rates"
TIMEOUT_S = 0.5
"""A request rather goes by the local limit than waits longer."""


def _count(expiry_s: int, amount: int) -> list[dict[str, Any]]:
    """One step on: the same window while it lasts, a new one after. All of `$set` sees what was there before."""
    lasts = {"$gt": ["$expires_at", "$$NOW"]}
    return [
        {
            "$set": {
                "count": {"$cond": [lasts, {"$add": ["$count", amount]}, amount]},
                "expires_at": {"$cond": [lasts, "$expires_at", {"$add": ["$$NOW", expiry_s * 1000]}]},
            }
        }
    ]


class MongoRates(Storage):
    """Counts fixed windows. Raises the library's StorageError for whatever the driver raises."""

    STORAGE_SCHEME = None

    def __init__(self, mongo: Mongo) -> None:
        super().__init__(wrap_exceptions=True)
        self._rows = mongo.native_collection(COLLECTION).with_options(
            write_concern=WriteConcern(w=1, j=False), read_concern=ReadConcern("local")
        )

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the library turns into its own error."""
        return PyMongoError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """The count after this step."""
        try:
            return await self._step(key, _count(expiry, amount))
        except DuplicateKeyError:  # another process began the same window at the same moment
            return await self._step(key, _count(expiry, amount))

    async def _step(self, key: str, pipeline: list[dict[str, Any]]) -> int:
        with pymongo.timeout(TIMEOUT_S):
            row = await self._rows.find_one_and_update(
                {"_id": key}, pipeline, upsert=True, return_document=ReturnDocument.AFTER
            )
        return int(row["count"])

    async def get(self, key: str) -> int:
        """The count of the window that lasts, else 0."""
        row = await self._look(key)
        return int(row["count"]) if row and row["left_ms"] > 0 else 0

    async def get_expiry(self, key: str) -> float:
        """When the window ends, as an epoch of this process's clock."""
        row = await self._look(key)
        return time.time() + (max(0, row["left_ms"]) / 1000 if row else 0.0)

    async def _look(self, key: str) -> dict[str, Any] | None:
        left = {"$subtract": ["$expires_at", "$$NOW"]}
        with pymongo.timeout(TIMEOUT_S):
            found = await self._rows.aggregate([{"$match": {"_id": key}}, {"$project": {"count": 1, "left_ms": left}}])
            return next(iter(await found.to_list()), None)

    async def check(self) -> bool:
        """Whether the store answers."""
        await self._look("")
        return True

    async def clear(self, key: str) -> None:
        """Forget one caller's window."""
        await self._rows.delete_one({"_id": key})

    async def reset(self) -> int:
        """Forget all; answers how many."""
        return int((await self._rows.delete_many({})).deleted_count)
