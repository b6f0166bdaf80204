"""Reading the audit: whole, for whoever verifies it, and by person or reference, for whoever must answer for it."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.mongo.audit_chain import AUDIT, CHECKPOINTS, HEADS, UNNUMBERED
from shared.mongo.client import Document, Mongo
from shared.security.audit.canonical import canonical, content_of, moment
from shared.security.audit.chain import ZERO, service_chain

MAX_FOUND = 10_000


@dataclass(frozen=True, slots=True)
class Period:
    """From and to, each open where None."""

    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> Document:
        """As a filter on when an entry was made."""
        bounds = {"$gte": self.since, "$lt": self.until}
        at = {name: bound for name, bound in bounds.items() if bound is not None}
        return {"at": at} if at else {}


@dataclass
class AuditTrail:
    """One service's audit. Reads at a majority; the driver's errors come through."""

    service: str
    mongo: Mongo

    async def export(self, now: datetime) -> AsyncIterator[dict[str, Any]]:
        """Everything, in the lines of `docs/audit-format.md`.

        The head is read before the entries, and entries after it are left out: what comes meanwhile is no hole.
        """
        yield {"pulang_audit": 1, "service": self.service, "exported_at": moment(now)}
        async for row in self.mongo.collection(CHECKPOINTS).find({}).sort([("_id", 1)]):
            yield {"checkpoint": {name: value for name, value in row.items() if name != "_id"}}
        head = await self.mongo.collection(HEADS).find_one({"_id": service_chain(self.service)})
        seq, hash_ = (head["seq"], head["hash"]) if head else (0, ZERO)
        async for row in self.mongo.collection(AUDIT).find({"chain.seq": {"$lte": seq}}).sort([("chain.seq", 1)]):
            yield {"entry": {**plain(content_of(row)), "chain": plain(row["chain"])}}
        unnumbered = await self.mongo.collection(AUDIT).count_documents(UNNUMBERED)
        yield {"end": {"seq": seq, "hash": hash_, "unnumbered": unnumbered}}

    async def numbered_since(self, since: datetime) -> list[Document]:
        """The people's entries of the last minutes that have a number, in their order."""
        query: Document = {"at": {"$gte": since}, "actor": {"$ne": None}, "chain.seq": {"$gt": 0}}
        return list(await self.mongo.collection(AUDIT).find(query).sort([("chain.seq", 1)]).to_list(None))

    async def who_saw(self, ref: str, period: Period) -> list[Document]:
        """The entries of people who saw this case, person or thing, alone or in a list, or tried to."""
        about = [{"shown_refs": ref}, {"target_ref": ref}, {"chains": {"$in": [f"case|{ref}", f"subject|{ref}"]}}]
        return await self._found({"$or": about, "actor": {"$ne": None}}, period)

    async def what_did(self, person: str, period: Period) -> list[Document]:
        """Everything that this member of staff did, read or tried."""
        return await self._found({"actor.person": person}, period)

    async def exposed(self, people: Sequence[str], refs: Sequence[str], period: Period) -> list[Document]:
        """What was shown to these people (all where none are named), of these things (likewise), by thing: to whom,
        which classes of data, how often, first and last. What could have been seen, in a breach."""
        shown: Document = {"shown_refs": {"$in": list(refs)} if refs else {"$ne": []}}
        who: Document = {"actor.person": {"$in": list(people)}} if people else {"actor": {"$ne": None}}
        only: list[Document] = [{"$match": {"shown_refs": {"$in": list(refs)}}}] if refs else []
        group = {
            "_id": "$shown_refs",
            "people": {"$addToSet": "$actor.person"},
            "classes": {"$addToSet": "$classes"},
            "times": {"$sum": 1},
            "first": {"$min": "$at"},
            "last": {"$max": "$at"},
        }
        stages = [{"$match": {**shown, **who, **period.query()}}, {"$unwind": "$shown_refs"}, *only, {"$group": group}]
        found = self.mongo.collection(AUDIT).aggregate([*stages, {"$sort": {"first": 1, "_id": 1}}])
        return [_exposure(row) for row in await found.to_list(None)]

    async def readers(self, ref: str, besides: Sequence[str] = ()) -> list[Document]:
        """To whom this was shown, alone or in a list, by other acts than those `besides`, in the order of their first
        sight: `person`, `agency`, `classes`, how many `times`, `first` and `last`."""
        shown: Document = {"shown_refs": ref, "actor": {"$ne": None}, "action": {"$nin": list(besides)}}
        group = {
            "_id": {"person": "$actor.person", "agency": "$actor.agency"},
            "classes": {"$addToSet": "$classes"},
            "times": {"$sum": 1},
            "first": {"$min": "$at"},
            "last": {"$max": "$at"},
        }
        stages = [{"$match": shown}, {"$group": group}]
        found = self.mongo.collection(AUDIT).aggregate([*stages, {"$sort": {"first": 1, "_id": 1}}])
        return [{**row["_id"], **_summed(row)} for row in await found.to_list(None)]

    async def _found(self, query: Document, period: Period) -> list[Document]:
        found = self.mongo.collection(AUDIT).find({**query, **period.query()}).sort([("at", 1), ("_id", 1)])
        return list(await found.limit(MAX_FOUND).to_list(None))


def _exposure(row: Document) -> Document:
    return {"ref": row["_id"], **row, "people": sorted(row["people"]), **_summed(row)}


def _summed(row: Document) -> Document:
    classes = sorted({each for shown in row["classes"] for each in shown})
    return {"classes": classes, **{name: row[name] for name in ("times", "first", "last")}}


def plain(value: Any) -> Any:
    """As it reads in an export."""
    return json.loads(canonical(value))
