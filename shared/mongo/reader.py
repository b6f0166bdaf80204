"""Reading outside a unit of work: aggregates by a query that already carries the reader's scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from shared.kernel.aggregate import Aggregate
from shared.kernel.audit import AuditRow
from shared.mongo.answering import answering
from shared.mongo.client import Document, Mongo
from shared.mongo.documents import to_aggregate, to_document
from shared.mongo.inbox import Outcome

A = TypeVar("A", bound=Aggregate)

IN_THE_WORLDS_ORDER = [("occurred_at", 1), ("recorded_at", 1), ("_id", 1)]


@dataclass
class MongoReader:
    """Majority reads. An outage is Unavailable, never an empty answer."""

    mongo: Mongo

    async def find_one(self, kind: type[A], query: Document) -> A | None:
        """The one aggregate that matches, or None."""
        with answering():
            document = await self.mongo.collection(kind.collection).find_one(query)
        return to_aggregate(kind, document) if document else None

    async def find(self, kind: type[A], query: Document, *, sort: Sequence[tuple[str, int]], limit: int) -> list[A]:
        """At most `limit` aggregates that match, in order."""
        cursor = self.mongo.collection(kind.collection).find(query)
        if sort:
            cursor = cursor.sort(list(sort))
        with answering():
            documents = await cursor.limit(limit).to_list(None)
        return [to_aggregate(kind, document) for document in documents]

    async def count(self, kind: type[A], query: Document, *, limit: int) -> int:
        """How many match; `limit` where there are more."""
        with answering():
            return int(await self.mongo.collection(kind.collection).count_documents(query, limit=limit))

    async def timeline(
        self, about: Sequence[tuple[type[Aggregate], str]], query: Document | None = None, *, limit: int = 500
    ) -> list[Document]:
        """The timeline lines of these aggregates that match, by when things happened in the world; the oldest first."""
        names = [f"{kind.collection}|{id_}" for kind, id_ in about]
        cursor = self.mongo.collection("timeline").find({"$and": [{"about": {"$in": names}}, query or {}]})
        with answering():
            found = await cursor.sort(IN_THE_WORLDS_ORDER).limit(limit).to_list(None)
        return list(found)

    async def applied(self, consumer: str, cause_id: str) -> int:
        """How many events of one act this service has applied. One that waits parked has had no effect yet."""
        query = {"cause_id": cause_id, "outcome": Outcome.APPLIED.value}
        with answering():
            rows = await self.mongo.collection("inbox").find(query, {"_id": 1}).to_list(None)
        return sum(row["_id"].startswith(f"{consumer}|") for row in rows)


@dataclass
class AuditLog:
    """Audit rows of what happens outside a unit of work: reads, and refusals before one begins."""

    mongo: Mongo

    async def record(self, row: AuditRow) -> None:
        """Durable on a majority when this returns; without it the read is not answered. INVARIANT 10."""
        with answering():
            await self.mongo.collection(AuditRow.collection).insert_one(to_document(row))
