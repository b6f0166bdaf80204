"""Reading through the policies: the filter preselects in the database, the decision confirms each row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from shared.kernel.aggregate import Aggregate
from shared.kernel.reader import Reader
from shared.security.policy.asking import Asking
from shared.security.policy.classes import Classes
from shared.security.policy.engine import NOTHING, Decision, Policies
from shared.security.policy.filters import both

log = structlog.get_logger(__name__)

A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True, slots=True)
class Seen(Generic[A]):
    """An aggregate that the asker may see, with the decision that says how much of it."""

    aggregate: A
    decision: Decision


@dataclass(frozen=True, slots=True)
class Found(Generic[A]):
    """What a search found; not `complete` where there was more to look through than one search does."""

    rows: Sequence[Seen[A]]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Sight:
    """What one asker may see by one permission."""

    reader: Reader
    policies: Policies
    asking: Asking
    permission: str

    async def one(self, kind: type[A], id_: str, by: str = "_id") -> Seen[A] | None:
        """One aggregate by its id, or by another field that is its alone, or None: hidden and absent are the same find,
        and the same answer. INVARIANT 7."""
        scope = self.policies.filter(self.asking, self.permission, kind)
        found = None if scope is None else await self.reader.find_one(kind, dict(both({by: id_}, scope)))
        return next(iter(self._confirmed([found])), None) if found else None

    async def several(
        self,
        kind: type[A],
        query: Mapping[str, Any],
        sort: list[tuple[str, int]],
        limit: int,
        showing: Classes = NOTHING,
    ) -> list[Seen[A]]:
        """Aggregates that match; none where nothing is permitted over this kind, or nothing that shows the classes."""
        scope = self.policies.filter(self.asking, self.permission, kind, showing)
        if scope is None:
            return []
        return self._confirmed(await self.reader.find(kind, dict(both(scope, query)), sort=sort, limit=limit))

    async def count(self, kind: type[A], query: Mapping[str, Any], limit: int) -> int:
        """How many match, `limit` at most; none of them is loaded."""
        scope = self.policies.filter(self.asking, self.permission, kind)
        return 0 if scope is None else await self.reader.count(kind, dict(both(scope, query)), limit=limit)

    def _confirmed(self, found: Sequence[A]) -> list[Seen[A]]:
        decided = self.policies.decide(self.asking, self.permission, found)
        seen = [Seen(each, decision) for each, decision in zip(found, decided, strict=True)]
        self._warn(each for each in seen if not each.decision.allowed)
        return [each for each in seen if each.decision.allowed]

    def _warn(self, refused: Iterable[Seen[A]]) -> None:
        """The filter is as strict as the decision, or one of them is wrong; then nothing is shown."""
        for each in refused:
            kind = type(each.aggregate).__name__
            log.error("policy_disagrees", permission=self.permission, kind=kind, policies=each.decision.policies)
