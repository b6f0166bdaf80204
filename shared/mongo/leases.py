"""Leases: exclusive holders by name. They save work and keep order; what must hold without them holds without them."""

import time
from dataclasses import dataclass, field

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from shared.kernel.ids import new_id
from shared.mongo.client import Mongo

TTL_S = 6.0


@dataclass
class MongoLeases:
    """Expiry is by the server's own clock; the holder counts on its monotonic clock, from before it asked."""

    mongo: Mongo
    ttl_s: float = TTL_S
    holder: str = field(default_factory=new_id)

    async def hold(self, name: str) -> float | None:
        """Acquire or renew; answers until when (monotonic seconds) to act, None where another holds it or none can.

        The holder stops at two thirds of the time, so that it is silent before another can begin.
        """
        asked_at = time.monotonic()
        try:
            row = await self.mongo.native_collection("leases").find_one_and_update(
                {"_id": name}, [{"$set": self._taken()}], upsert=True, return_document=ReturnDocument.AFTER
            )
        except PyMongoError:
            return None  # nobody can tell who holds it, so we don't
        if row["holder"] != self.holder:
            return None
        return asked_at + self.ttl_s * 2 / 3

    async def release(self, name: str) -> None:
        """Give it up, so that another can take over at once; failing to is harmless, it expires."""
        try:
            await self.mongo.native_collection("leases").update_one(
                {"_id": name, "holder": self.holder}, [{"$set": {"expires_at": {"$subtract": ["$$NOW", 1]}}}]
            )
        except PyMongoError:
            return

    def _taken(self) -> dict[str, object]:
        """The row after an attempt: ours where it was free or ours (an absent time is the smallest), else as it was."""
        ours = {"$eq": ["$holder", self.holder]}
        free = {"$or": [{"$lt": ["$expires_at", "$$NOW"]}, ours]}
        until = {"$add": ["$$NOW", int(self.ttl_s * 1000)]}
        next_token = {"$add": [{"$ifNull": ["$token", 0]}, {"$cond": [ours, 0, 1]}]}
        return {
            "holder": {"$cond": [free, self.holder, "$holder"]},
            "expires_at": {"$cond": [free, until, "$expires_at"]},
            "token": {"$cond": [free, next_token, "$token"]},
        }
