"""Which role may do what, and to which documents: rows of one table; what no row allows is denied."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor

Filter = Mapping[str, Any]
"""A filter of the database over stored fields (`id` is stored as `_id`); an empty one matches every document."""

Scope = Callable[[Actor], "Filter | None"]
"""Which documents this row opens for this actor; None opens nothing."""


def everything(_: Actor) -> Filter:
    """The scope without limits."""
    return {}


@dataclass(frozen=True, slots=True)
class Permit:
    """One row: members with `role` hold `permission` over those documents of `kind` that `scope` selects."""

    role: str
    permission: str
    kind: type[Aggregate]
    scope: Scope


class PermissionTable:
    """A service's rows. The scopes of an actor's roles unite; the union goes into the database's find itself."""

    def __init__(self, permits: Iterable[Permit]) -> None:
        self.permits = tuple(permits)

    def allows(self, actor: Actor, permission: str) -> bool:
        """Whether any row gives the permission, over documents of whatever kind."""
        return any(scope is not None for _, scope in self._scopes(actor, permission))

    def role(self, actor: Actor, permission: str) -> str | None:
        """The role that gives the permission, for the audit; the first by name where several do."""
        return min((p.role for p in self.permits if p.permission == permission and p.role in actor.roles), default=None)

    def covers(self, permission: str, kind: type[Aggregate]) -> bool:
        """Whether any role's row speaks of this permission over this kind."""
        return any(permit.permission == permission and permit.kind is kind for permit in self.permits)

    def filter(self, actor: Actor, permission: str, kind: type[Aggregate]) -> Filter | None:
        """The documents of a kind that the permission opens for this actor, as one filter; None: none at all."""
        scopes = [scope for of, scope in self._scopes(actor, permission) if of is kind and scope is not None]
        if not scopes:
            return None
        if any(not scope for scope in scopes):
            return {}
        return scopes[0] if len(scopes) == 1 else {"$or": scopes}

    def _scopes(self, actor: Actor, permission: str) -> Iterable[tuple[type[Aggregate], Filter | None]]:
        for permit in self.permits:
            if permit.permission == permission and permit.role in actor.roles:
                yield permit.kind, permit.scope(actor)


def both(*filters: Filter) -> Filter:
    """Documents that satisfy all filters; none of them can widen or overwrite another."""
    parts = [part for part in filters if part]
    if len(parts) < 2:
        return parts[0] if parts else {}
    return {"$and": parts}
