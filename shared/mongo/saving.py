"""How one attempt's decisions become writes. States go first: there a stale guard or a conflict shows soonest."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from pymongo import InsertOne, ReplaceOne

from shared.kernel.aggregate import Aggregate
from shared.kernel.work import Overlay
from shared.mongo.client import Document
from shared.mongo.desk import Desk, Line
from shared.mongo.documents import to_document
from shared.mongo.transaction import Transaction

Operations = dict[type[Aggregate], list[Any]]


async def save_states(tx: Transaction, overlay: Overlay) -> None:
    """Write every changed aggregate, each only over the state that was loaded. INVARIANT 3.

    The transaction's snapshot is the guard: it read the state, so writing over a later one is a write conflict. With
    the version in the filter as well, the server plans each of the queries instead of going straight to the id,
    which made this write twice as slow.
    """
    operations: Operations = defaultdict(list)
    for address in overlay.dirty:
        slot = overlay.slots[address]
        assert slot.now is not None  # noqa: S101 - dirty means set
        operations[address[0]].append(_state_write(slot.loaded_version, to_document(slot.now)))
    for kind, writes in operations.items():
        await tx.write(kind.collection, writes, guarded=len(writes))


def _state_write(loaded_version: int | None, document: Document) -> Any:
    if loaded_version is None:
        return InsertOne(document)
    return ReplaceOne({"_id": document["_id"]}, document)


async def save_timeline(tx: Transaction, desk: Desk) -> None:
    """One line per aggregate and version; the id makes versions contiguous and single."""
    await tx.insert("timeline", [_line(line, desk.now) for line in desk.lines])


def _line(line: Line, recorded_at: datetime) -> Document:
    (kind, id_), fact, actor = line.fact.address, line.fact, line.cause.actor
    about = f"{kind.collection}|{id_}"
    return {
        "_id": f"{about}|{fact.version}",
        "about": about,
        "version": fact.version,
        "code": fact.code,
        "detail": dict(fact.detail),
        "occurred_at": fact.occurred_at,
        "recorded_at": recorded_at,
        "actor": None if actor is None else {"person": actor.person, "agency": actor.agency},
        "cause_id": line.cause.id,
        "correlation_id": line.cause.correlation_id,
    }


async def save_entries(tx: Transaction, desk: Desk) -> None:
    """Insert what is only ever added, the audit's rows among them."""
    rows: dict[tuple[str, str | None], list[Document]] = defaultdict(list)
    for entry in desk.entries:
        rows[(entry.collection, entry.database)].append(to_document(entry))
    for (name, database), documents in rows.items():
        await tx.insert(name, documents, database)
