"""One authorised call, as a route's handler and its view see it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from shared.http.context import Lang, RequestContext
from shared.http.ports import Backing
from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor, Cause
from shared.security.permissions import both

A = TypeVar("A", bound=Aggregate)

MAX_FOUND = 200


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for what. Everything found through it lies within the route's permission."""

    actor: Actor
    context: RequestContext
    permission: str
    cause: Cause
    now: datetime
    path: Mapping[str, str]
    query: Mapping[str, str]
    lang: Lang
    backing: Backing
    target: Any = None
    """The aggregate that the route is on, found within the actor's scope."""

    @property
    def parts(self) -> Any:
        """The service's own parts, as its composition made them."""
        return self.backing.parts

    @property
    def correlation_id(self) -> str:
        """What joins everything that this act causes."""
        return self.context.correlation_id

    def in_language(self, lang: Lang) -> "Call":
        """The same call as if it had asked for this language."""
        return self if lang == self.lang else replace(self, lang=lang)

    def on(self, target: Aggregate) -> "Call":
        """The same call with its target found."""
        return replace(self, target=target)

    async def find(
        self,
        kind: type[A],
        query: Mapping[str, Any],
        *,
        sort: list[tuple[str, int]] | None = None,
        limit: int = MAX_FOUND,
    ) -> list[A]:
        """Aggregates within the same permission; none where it has no row for this kind. Stored names: `_id`."""
        scope = self.backing.permits.filter(self.actor, self.permission, kind)
        if scope is None:
            return []
        return await self.backing.reader.find(kind, dict(both(scope, query)), sort=sort or [("_id", 1)], limit=limit)

    async def find_one(self, kind: type[A], id_: str) -> A | None:
        """One aggregate within the same permission, or None: hidden and absent are the same."""
        scope = self.backing.permits.filter(self.actor, self.permission, kind)
        return None if scope is None else await self.backing.reader.find_one(kind, dict(both({"_id": id_}, scope)))
