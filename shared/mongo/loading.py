"""Everything that a batch touches, in one find per collection and round."""

from collections import defaultdict
from collections.abc import Iterable

from shared.kernel.aggregate import Aggregate, By, Need, Ref
from shared.kernel.work import Overlay, Slot
from shared.mongo.client import Document
from shared.mongo.documents import to_aggregate
from shared.mongo.transaction import Transaction


async def load(tx: Transaction, overlay: Overlay, needs: Iterable[Need]) -> None:
    """Bring all needs into the overlay, then what they say follows from them; absence is remembered too."""
    wanted = list(needs)
    await _round(tx, overlay, wanted)
    following = [need for need in (_following(overlay, first) for first in wanted) if need is not None]
    if following:
        await _round(tx, overlay, following)


def _following(overlay: Overlay, need: Need) -> Need | None:
    found = overlay.current(need) if need.follow else None
    return need.follow(found) if need.follow and found is not None else None


async def _round(tx: Transaction, overlay: Overlay, needs: list[Need]) -> None:
    missing: dict[type[Aggregate], list[Need]] = defaultdict(list)
    for need in needs:
        if not overlay.loaded(need):
            missing[need.kind].append(need)
    for kind, wanted in missing.items():
        found = await tx.find(kind.collection, _query(wanted))
        _take(overlay, kind, wanted, [to_aggregate(kind, document) for document in found])


def _query(wanted: list[Need]) -> Document:
    ids = sorted({need.id for need in wanted if isinstance(need, Ref)})
    by_field: dict[str, set[str]] = defaultdict(set)
    alternatives: list[Document] = [{"_id": {"$in": ids}}] if ids else []
    for need in wanted:
        if isinstance(need, By) and len(need.key) == 1:
            by_field[need.key[0][0]].add(need.key[0][1])
        elif isinstance(need, By):
            alternatives.append(dict(need.key))
    alternatives += [{name: {"$in": sorted(values)}} for name, values in by_field.items()]
    return alternatives[0] if len(alternatives) == 1 else {"$or": alternatives}


def _take(overlay: Overlay, kind: type[Aggregate], wanted: list[Need], found: list[Aggregate]) -> None:
    for need in wanted:
        if isinstance(need, Ref):
            overlay.slots.setdefault((kind, need.id), Slot(None, None))
        else:
            overlay.keys.setdefault(By(kind, need.key), None)
    for aggregate in found:
        overlay.arrive(aggregate)
