"""The vault of data keys as operators see it: versions and counts. It needs no master key."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.read_concern import ReadConcern

from shared.mongo.client import MAJORITY, UTC_AWARE, Document, Mongo
from shared.mongo.masterkeys import KeySettings, version_of

KEYS = "keys"
DESTROYED = "destroyed_keys"
ROTATIONS = "rotations"
PROBE = "probe|"
"""Begins the names of keys that protect nothing: by them a master key is tried."""
REAP_AFTER = timedelta(days=7)
"""How long a key without anything under it is left: far beyond what a command may take from sealing to commit, and long
enough that an old back-up, put back by mistake, does not cost the keys of those whom it does not know."""


def _used(order: str, ago: timedelta) -> Document:
    """Keys whose last use is later (`$gt`) or earlier (`$lt`) than so long ago, by the server's own clock."""
    milliseconds = int(ago.total_seconds() * 1000)
    return {"$expr": {order: ["$updateDate", {"$subtract": ["$$NOW", milliseconds]}]}}


USED_LATELY = _used("$gt", REAP_AFTER / 2)
"""Keys that nobody reaps for a long while yet."""


def key_database_of(settings: KeySettings) -> str:
    """The database of the wrapped data keys."""
    return settings.key_database or f"{settings.mongo_database}_keys"


@dataclass
class KeyVault:
    """One service's data keys and tombstones, by counts."""

    mongo: Mongo
    database: str

    def _of(self, name: str) -> Any:
        return self.mongo.native[self.database].get_collection(
            name, codec_options=UTC_AWARE, write_concern=MAJORITY, read_concern=ReadConcern("majority")
        )

    async def by_master_key(self) -> dict[str, int]:
        """How many data keys each master key wraps."""
        grouped = await self._of(KEYS).aggregate([{"$group": {"_id": "$masterKey", "keys": {"$sum": 1}}}])
        counts: dict[str, int] = {}
        async for row in grouped:
            version = version_of(row["_id"])
            counts[version] = counts.get(version, 0) + row["keys"]
        return dict(sorted(counts.items()))

    async def destroy(self, name: str, at: datetime) -> None:
        """Make everything under this key unreadable: at once where it is not cached, elsewhere within the cache time,
        in back-ups of the vault when they expire. The tombstone goes first, so that nobody makes the key again."""
        await self._of(DESTROYED).update_one({"_id": name}, {"$setOnInsert": {"at": at}}, upsert=True)
        await self._of(KEYS).delete_many({"keyAltNames": name})

    async def destroyed(self) -> int:
        """How many tombstones there are."""
        return int(await self._of(DESTROYED).count_documents({}))

    async def risen(self) -> int:
        """How many keys are there although they were destroyed: an old back-up was put back. Must be 0."""
        buried = [row["_id"] async for row in self._of(DESTROYED).find({}, {"_id": 1})]
        return int(await self._of(KEYS).count_documents({"keyAltNames": {"$in": buried}}))

    async def quarantine_keys(self, before: str) -> list[str]:
        """Names of quarantine's keys of months (`yyyy-mm`) before this one."""
        found = self._of(KEYS).find({"keyAltNames": {"$regex": r"^quarantine\|"}}, {"keyAltNames": 1})
        names = [name async for row in found for name in row["keyAltNames"]]
        return sorted(name for name in names if name.rpartition("|")[2] < before)

    async def unused(self, after: str | None, limit: int, age: timedelta = REAP_AFTER) -> list[str]:
        """Names of owners whose key nobody has sealed under for so long, in order, `limit` at most, behind `after`."""
        names = {"$gt": after or "", "$not": {"$regex": rf"^({re.escape(PROBE)}|quarantine\|)"}}
        found = self._of(KEYS).find({"keyAltNames": names, **_used("$lt", age)}, {"keyAltNames": 1})
        return [name async for row in found.sort("keyAltNames", 1).limit(limit) for name in row["keyAltNames"]]

    async def reap(self, names: Collection[str], age: timedelta = REAP_AFTER) -> int:
        """Delete the keys of these owners, of whom nothing is kept; answers how many there were.

        No tombstone is left: whoever was refused may come again under the same reference, and gets a new key. A key
        that somebody seals under in the meantime has been used, and stays.
        """
        done = await self._of(KEYS).delete_many({"keyAltNames": {"$in": list(names)}, **_used("$lt", age)})
        return int(done.deleted_count)

    async def without_tombstone(self, names: Collection[str]) -> list[str]:
        """Those of these names whose key was never destroyed here."""
        wanted = list(names)
        known = {row["_id"] async for row in self._of(DESTROYED).find({"_id": {"$in": wanted}}, {"_id": 1})}
        return [name for name in wanted if name not in known]

    async def ask_rotation(self, at: datetime) -> None:
        """Let the clock process rewrap every data key under the master key that is current there."""
        asked: Document = {"$set": {"asked_at": at, "done_at": None, "rewrapped": 0}}
        await self._of(ROTATIONS).update_one({"_id": "master"}, asked, upsert=True)

    async def rotation(self) -> Document | None:
        """The last one that was asked for: when, how far, and when it was done."""
        found: Document | None = await self._of(ROTATIONS).find_one({"_id": "master"}, {"_id": 0})
        return found

    async def note_rotation(self, rewrapped: int, done_at: datetime | None) -> None:
        """How far the one that was asked for has come."""
        change: Document = {"$inc": {"rewrapped": rewrapped}, "$set": {"done_at": done_at}}
        await self._of(ROTATIONS).update_one({"_id": "master"}, change)
