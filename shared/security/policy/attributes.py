"""An attribute of a resource: read from an aggregate for the decision, and found in the database for the filter."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from shared.kernel.aggregate import Aggregate
from shared.security.policy.filters import Filter, Test, any_of, none_of
from shared.security.policy.scalars import Scalar, leaves, to_cedar, to_stored


class Attribute(Protocol):
    """INVARIANT: for every document, `value` and the filters say the same."""

    @property
    def scalar(self) -> Scalar:
        """The type, of each element where it is a set."""
        ...

    @property
    def is_set(self) -> bool:
        """Whether it holds several values; a set is never absent."""
        ...

    @property
    def optional(self) -> bool:
        """Whether it may be absent."""
        ...

    def value(self, aggregate: Aggregate) -> Any:
        """As Cedar takes it: a scalar, a list for a set, or None where it is absent."""
        ...

    def matching(self, values: Collection[Any]) -> Test:
        """Documents in which it is, or for a set holds, one of these values."""
        ...

    def compared(self, operator: str, value: Any) -> Filter:
        """Documents in which it stands so (`$lt`, `$lte`, `$gt`, `$gte`) to the value."""
        ...

    def present(self) -> Filter:
        """Documents that have it."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored field, or the field of each element of a stored list."""

    path: tuple[str, ...]
    scalar: Scalar
    is_set: bool = False
    optional: bool = False

    @property
    def key(self) -> str:
        """The field's name in the database."""
        return "_id" if self.path == ("id",) else ".".join(self.path)

    def value(self, aggregate: Aggregate) -> Any:
        """As Cedar takes it."""
        found = [to_cedar(leaf) for leaf in leaves(aggregate, self.path)]
        return found if self.is_set else next(iter(found), None)

    def matching(self, values: Collection[Any]) -> Test:
        """One of these values."""
        if self.scalar == "Bool" and not self.is_set and not self.optional:
            # A field that was added later is missing in old documents, and reads as false.
            yes: Filter = {self.key: True}
            return any_of(yes if value else none_of(yes) for value in values)
        wanted = [to_stored(value, self.scalar) for value in values]
        return {self.key: {"$in": wanted}} if wanted else False

    def compared(self, operator: str, value: Any) -> Filter:
        """So to the value."""
        return {self.key: {operator: to_stored(value, self.scalar)}}

    def present(self) -> Filter:
        """Neither null nor missing."""
        return {self.key: {"$ne": None}}
