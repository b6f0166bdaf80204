"""Collections and indexes exist before the first transaction: creating one inside of it fails or waits."""

from collections.abc import Iterable, Mapping, Sequence

from pymongo import IndexModel
from pymongo.errors import CollectionInvalid, OperationFailure

from shared.kernel.aggregate import Aggregate, Entry
from shared.kernel.audit import AuditRow
from shared.kernel.timer import Timer
from shared.mongo.client import Mongo
from shared.mongo.expiry import EXPIRING
from shared.mongo.outbox import IN_ORDER

__all__ = ["IndexModel", "Indexes", "changeable", "declared", "ensure", "ensure_collection"]

NAMESPACE_EXISTS = 48

Indexes = Mapping[str, Iterable[IndexModel]]

AUDITED = frozenset({AuditRow.collection, "audit_heads", "audit_checkpoints", "audit_alarms"})
"""The audit: services add to it; the sequencer alone numbers, moves heads and prunes."""

RUNTIME: dict[str, list[IndexModel]] = {
    "inbox": [EXPIRING, IndexModel([("cause_id", 1)], partialFilterExpression={"cause_id": {"$type": "string"}})],
    "outbox": [IndexModel(IN_ORDER)],
    "keys": [],
    "progress": [],
    "leases": [],
    "timeline": [IndexModel([("about", 1), ("occurred_at", 1)])],
    "audit": [
        IndexModel([("at", 1), ("_id", 1)], partialFilterExpression={"chain": {"$type": "null"}}),
        IndexModel([("chain.seq", 1)], unique=True, partialFilterExpression={"chain.seq": {"$exists": True}}),
        IndexModel([("at", 1)]),
        IndexModel([("target_ref", 1), ("at", 1)]),
        IndexModel([("shown_refs", 1), ("at", 1)]),
        IndexModel([("chains", 1), ("at", 1)]),
        IndexModel([("actor.person", 1), ("at", 1)], partialFilterExpression={"actor.person": {"$exists": True}}),
    ],
    "audit_heads": [],
    "audit_checkpoints": [],
    "audit_alarms": [IndexModel([("rule", 1), ("person", 1), ("at", 1)])],
    "parked_heads": [
        IndexModel([("consumer", 1), ("releasing", 1)]),
        IndexModel([("waits_for", 1)], partialFilterExpression={"waits_for": {"$type": "string"}}),
    ],
    "parked": [IndexModel([("head", 1), ("position", 1)])],
    "dead_letters": [EXPIRING, IndexModel([("topic", 1)], partialFilterExpression={"purged": False})],
    "quarantine": [EXPIRING, IndexModel([("owner", 1), ("at", 1)])],
    "idempotency": [EXPIRING],
    "rates": [EXPIRING],
    Timer.collection: [IndexModel([("status", 1), ("due_at", 1)])],
}


async def ensure(
    mongo: Mongo, kinds: Iterable[type[Aggregate]], entries: Iterable[type[Entry]] = (), extra: Indexes | None = None
) -> None:
    """Create what is missing; may run any number of times and from several processes."""
    for (name, database), indexes in declared(kinds, entries, extra).items():
        await ensure_collection(mongo, name, database, indexes)


def declared(
    kinds: Iterable[type[Aggregate]], entries: Iterable[type[Entry]] = (), extra: Indexes | None = None
) -> dict[tuple[str, str | None], list[IndexModel]]:
    """Every collection of a service (with the database that an entry names) and its indexes."""
    wanted: dict[tuple[str, str | None], list[IndexModel]] = {(name, None): list(i) for name, i in RUNTIME.items()}
    for kind in kinds:
        wanted.setdefault((kind.collection, None), []).extend(map(_unique, kind.unique))
    for entry in entries:
        wanted.setdefault((entry.collection, entry.database), [])
    for name, indexes in (extra or {}).items():
        wanted.setdefault((name, None), []).extend(indexes)
    return wanted


def changeable(kinds: Iterable[type[Aggregate]], entries: Iterable[type[Entry]], extra: Indexes) -> set[str]:
    """The collections of a service's own database in which rows are changed or deleted; entries are only ever added."""
    added = {*AUDITED, *(entry.collection for entry in entries if entry.database is None)}
    return {name for name, database in declared((*kinds, Timer), entries, extra) if database is None} - added


def _unique(names: tuple[str, ...]) -> IndexModel:
    present = {names[0]: {"$type": "string"}}
    return IndexModel([(name, 1) for name in names], unique=True, partialFilterExpression=present)


async def ensure_collection(
    mongo: Mongo, name: str, database: str | None = None, indexes: Sequence[IndexModel] = ()
) -> None:
    """One collection with its indexes."""
    collection = mongo.collection(name, database)
    try:
        # Not looked for first: who may add to another's collection may not list what else is there.
        await collection.database.create_collection(name, check_exists=False)
    except (CollectionInvalid, OperationFailure) as error:
        if isinstance(error, OperationFailure) and error.code != NAMESPACE_EXISTS:
            raise
    if indexes:
        await collection.create_indexes(list(indexes))
