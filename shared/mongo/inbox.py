"""The inbox: which events a consumer has dealt with. INVARIANT 2: kept as long as a partner may repeat itself."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from pymongo import ReplaceOne

from shared.events.incoming import Incoming
from shared.mongo.client import Document
from shared.mongo.expiry import expires
from shared.mongo.transaction import Transaction

KEEP = timedelta(days=400)
"""A partner's fact older than this is refused as TOO_OLD, since nobody could tell whether it is a repetition."""


class Outcome(StrEnum):
    """What became of an event."""

    APPLIED = "APPLIED"
    PARKED = "PARKED"
    QUARANTINED = "QUARANTINED"
    DISCARDED = "DISCARDED"


def inbox_id(consumer: str, incoming: Incoming) -> str:
    """`consumer|channel|source|id`: with the channel, no partner can mask another's event."""
    return f"{consumer}|{incoming.record.partition.topic}|{incoming.identity}"


async def read_inbox(tx: Transaction, ids: Iterable[str]) -> dict[str, Document]:
    """The rows among these ids that exist."""
    wanted = list(ids)
    if not wanted:
        return {}
    return {row["_id"]: row for row in await tx.find("inbox", {"_id": {"$in": wanted}})}


def inbox_row(id_: str, incoming: Incoming, outcome: Outcome, at: datetime) -> Document:
    """A new row; `digest` tells a repetition from a reuse of the id, `cause_id` which act it came from."""
    return {
        "_id": id_,
        "cause_id": incoming.event.causation_id if incoming.event else None,
        "digest": incoming.digest,
        "outcome": outcome.value,
        "at": at,
        "expires_at": expires(KEEP),
    }


def settled(row: Document) -> ReplaceOne[Document]:
    """An event that was parked has come to its end; one that could not be read then has no row yet."""
    return ReplaceOne({"_id": row["_id"]}, row, upsert=True)
