"""One authorised call, as a route's handler and its view see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from shared.http.context import Lang, RequestContext
from shared.http.ports import Backing
from shared.http.sight import Seen, Sight
from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor, Cause
from shared.security.policy.asking import Asking
from shared.security.policy.classes import Classes, DataClass
from shared.security.policy.engine import DENIED, NOTHING, Decision

A = TypeVar("A", bound=Aggregate)

MAX_FOUND = 200


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for what. Everything found through it lies within the route's permission."""

    asking: Asking
    context: RequestContext
    permission: str
    cause: Cause
    path: Mapping[str, str]
    query: Mapping[str, str]
    lang: Lang
    backing: Backing
    decision: Decision = DENIED
    """About the target; in a view, about what is viewed."""
    target: Any = None
    """The aggregate that the route is on, found within what the policies open."""
    shown: list[Aggregate] = field(default_factory=list)
    """What a query's answer shows beside that, for the audit: its handler adds them."""

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return self.asking.actor

    @property
    def now(self) -> datetime:
        """When."""
        return self.asking.now

    @property
    def parts(self) -> Any:
        """The service's own parts, as its composition made them."""
        return self.backing.parts

    @property
    def correlation_id(self) -> str:
        """What joins everything that this act causes."""
        return self.context.correlation_id

    def shows(self, data_class: DataClass) -> bool:
        """Whether the reader may see this class of the thing at hand: for rows; fields are masked without asking."""
        return data_class in self.decision.shows

    def in_language(self, lang: Lang) -> "Call":
        """The same call as if it had asked for this language."""
        return self if lang == self.lang else replace(self, lang=lang)

    def on(self, target: Seen[Any]) -> "Call":
        """The same call with its target found."""
        return replace(self, target=target.aggregate, decision=target.decision)

    def about(self, decision: Decision) -> "Call":
        """The same call about something else than its target."""
        return self if decision is self.decision else replace(self, decision=decision)

    def decided(self, aggregate: Aggregate) -> Decision:
        """How much of what this call itself changed or made its caller sees.

        Where the permission is about the target alone, or where the change took the thing out of the caller's sight,
        that is what they saw of the target. A forbid holds at once.
        """
        if not self.backing.policies.covers(self.permission, type(aggregate)):
            return self.decision
        [decision] = self.backing.policies.decide(self.asking, self.permission, [aggregate])
        return decision if decision.allowed or decision.forbidden else self.decision

    async def seen(
        self,
        kind: type[A],
        query: Mapping[str, Any],
        *,
        sort: list[tuple[str, int]] | None = None,
        limit: int = MAX_FOUND,
        showing: Classes = NOTHING,
    ) -> list[Seen[A]]:
        """Aggregates within the same permission that show these classes, each with its decision."""
        return await self._sight.several(kind, query, sort or [("_id", 1)], limit, showing)

    async def find(
        self,
        kind: type[A],
        query: Mapping[str, Any],
        *,
        sort: list[tuple[str, int]] | None = None,
        limit: int = MAX_FOUND,
    ) -> list[A]:
        """The same without the decisions; none where no policy opens this kind."""
        return [each.aggregate for each in await self.seen(kind, query, sort=sort, limit=limit)]

    async def count(self, kind: type[A], query: Mapping[str, Any], *, limit: int = MAX_FOUND) -> int:
        """How many there are within the same permission, `limit` at most."""
        return await self._sight.count(kind, query, limit)

    async def see(self, kind: type[A], id_: str, by: str = "_id") -> Seen[A] | None:
        """One aggregate within the same permission with its decision, or None: hidden and absent are the same."""
        return await self._sight.one(kind, id_, by)

    async def find_one(self, kind: type[A], id_: str) -> A | None:
        """The same without the decision."""
        found = await self.see(kind, id_)
        return found.aggregate if found else None

    @property
    def _sight(self) -> Sight:
        return Sight(self.backing.reader, self.backing.policies, self.asking, self.permission)
