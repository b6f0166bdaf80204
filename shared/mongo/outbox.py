"""The outbox as the relay reads it. `OutboxWriter` writes the rows, in the transaction of their cause."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.errors import PyMongoError

from shared.events.outgoing import Outgoing
from shared.mongo.client import UTC_AWARE, Mongo

PAGE = 500
SETTLING_S = 0.05
IN_ORDER = [("shard", 1), ("topic", 1), ("key", 1), ("sequence", 1)]


@dataclass
class MongoOutbox:
    """Sweeps by state, never by position: a row that commits late is found by the next sweep."""

    mongo: Mongo

    async def rows(self, shards: Collection[int], limit: int = PAGE) -> AsyncIterator[list[Outgoing]]:
        """All rows of these shards in pages, each key in order of its sequence.

        Read at majority, so that nothing is published that a fail-over could take back.
        """
        cursor = (
            self.mongo.native_collection("outbox")
            .find({"shard": {"$in": sorted(shards)}})
            .sort(IN_ORDER)
            .batch_size(limit)
        )
        page: list[Outgoing] = []
        async with cursor:
            async for row in cursor:
                page.append(Outgoing(row["_id"], row["topic"], row["key"], row["sequence"], row["value"]))
                if len(page) >= limit:
                    yield page
                    page = []
        if page:
            yield page

    async def delete(self, ids: Collection[str]) -> None:
        """Forget rows that the broker has acknowledged."""
        if ids:
            await self.mongo.native_collection("outbox").delete_many({"_id": {"$in": list(ids)}})

    async def wakes(self) -> AsyncIterator[None]:
        """Yields soon after rows were committed. It starts now, so there is nothing to resume and nothing to lose;
        the sweep is the truth, and this may end at any time."""
        outbox = self.mongo.native_collection("outbox")
        pipeline = [{"$match": {"operationType": "insert"}}, {"$project": {"_id": 1}}]
        try:
            async with await outbox.watch(pipeline, max_await_time_ms=1000) as changes:
                async for _ in changes:
                    yield None
        except PyMongoError:
            return

    async def settled(self, topic: str, within_s: float) -> datetime | None:
        """The server's time before which every row of this topic that was acknowledged has left, or None where rows
        stay. Rows that come later than that time are not waited for."""
        outbox = self.mongo.native_collection("outbox")
        try:
            hello = await self.mongo.native.admin.command("hello", codec_options=UTC_AWARE)
            at: datetime = hello["localTime"]
            waiting = [row["_id"] async for row in outbox.find({"topic": topic}, {"_id": 1})]
            for _ in range(int(within_s / SETTLING_S) + 1):
                if not waiting or await outbox.find_one({"_id": {"$in": waiting}}, {"_id": 1}) is None:
                    return at
                await asyncio.sleep(SETTLING_S)
        except PyMongoError:
            return None
        return None

    async def status(self) -> dict[str, Any]:
        """How many rows wait, since when, and by topic."""
        outbox = self.mongo.collection("outbox")
        grouped = outbox.aggregate(
            [{"$group": {"_id": "$topic", "rows": {"$sum": 1}, "oldest": {"$min": "$at"}}}, {"$sort": {"_id": 1}}]
        )
        topics = [{"topic": g["_id"], "rows": g["rows"], "oldest": g["oldest"]} for g in await grouped.to_list(None)]
        oldest: datetime | None = min((t["oldest"] for t in topics), default=None)
        return {"rows": sum(t["rows"] for t in topics), "oldest": oldest, "topics": topics}
