"""How whoever answers questions reads: outside a unit of work, at a majority, by queries that carry their scope."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from shared.kernel.aggregate import Aggregate

A = TypeVar("A", bound=Aggregate)


class Reader(Protocol):
    """Finds aggregates; raises Unavailable where the database cannot, never an empty answer."""

    async def find_one(self, kind: type[A], query: dict[str, Any]) -> A | None:
        """The one that matches, or None."""
        ...

    async def find(
        self, kind: type[A], query: dict[str, Any], *, sort: Sequence[tuple[str, int]], limit: int
    ) -> list[A]:
        """Those that match, in order, at most `limit`."""
        ...

    async def count(self, kind: type[A], query: dict[str, Any], *, limit: int) -> int:
        """How many match; `limit` where there are more."""
        ...

    async def timeline(
        self, about: Sequence[tuple[type[Aggregate], str]], query: dict[str, Any] | None = None, *, limit: int = 500
    ) -> list[dict[str, Any]]:
        """At most `limit` lines of these aggregates' timelines that match, in the world's order, the oldest first."""
        ...
