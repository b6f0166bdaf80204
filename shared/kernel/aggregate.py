"""Aggregates: documents that change as a whole, under a version."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict


class Aggregate(BaseModel):
    """One document of a collection, immutable in memory; a change is a new object with the same id.

    `version` counts accepted inputs, and the unit of work alone raises it. `unique` lists the business keys by
    which `by` can find it; each has a unique index, which leaves out documents where the first field is null.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    collection: ClassVar[str]
    unique: ClassVar[tuple[tuple[str, ...], ...]] = ()
    has_timeline: ClassVar[bool] = True

    id: str
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @classmethod
    def ref(cls, id_: str) -> "Ref":
        """A reference by id."""
        return Ref(cls, id_)

    @classmethod
    def by(cls, **key: str) -> "By":
        """A reference by one of the unique business keys."""
        if tuple(key) not in cls.unique:
            raise LookupError(f"{cls.__name__} has no unique key {tuple(key)}")
        return By(cls, tuple(key.items()))

    def concerns(self) -> tuple[str, ...]:
        """The cases and persons that this is about, as `case|<ref>` and `subject|<ref>`: the audit's chains."""
        return ()

    def owners(self) -> tuple[str, ...]:
        """The offices whose own this is; to the audit's rules, everybody else reads another agency's."""
        return ()

    def evolve(self, **changes: Any) -> Self:
        """This document with other values in some fields."""
        unknown = changes.keys() - self.__pydantic_fields__.keys()
        if unknown:
            raise AttributeError(f"{type(self).__name__} has no fields {sorted(unknown)}")
        return self.model_copy(update=changes)


class Entry(BaseModel):
    """A document that is only ever added, never changed. `database` names another one than the service's own."""

    model_config = ConfigDict(frozen=True)

    collection: ClassVar[str]
    database: ClassVar[str | None] = None

    id: str


Follow = Callable[[Any], "Need | None"]


@dataclass(frozen=True, slots=True)
class Ref:
    """An aggregate by id. `then` says what else is needed once it is loaded (one further round)."""

    kind: type[Aggregate]
    id: str
    follow: Follow | None = None

    def then(self, follow: Follow) -> "Ref":
        """The same, with a second round of loading that depends on what was found."""
        return Ref(self.kind, self.id, follow)


@dataclass(frozen=True, slots=True)
class By:
    """An aggregate by a unique business key, as (field, value) pairs in the order the kind declares."""

    kind: type[Aggregate]
    key: tuple[tuple[str, str], ...]
    follow: Follow | None = None

    def then(self, follow: Follow) -> "By":
        """The same, with a second round of loading that depends on what was found."""
        return By(self.kind, self.key, follow)


Need = Ref | By
