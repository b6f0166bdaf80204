"""What one office is told of one event, as it stands in the office's inbox."""

from datetime import datetime
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict

from shared.kernel.aggregate import Aggregate


class ReadMark(BaseModel):
    """A member of the office has read it."""

    model_config = ConfigDict(frozen=True)

    person: str
    at: datetime


class About(BaseModel):
    """A kind (`CASE`, `REFERRAL` …) and a reference: what the reader opens next, or what else an event names."""

    model_config = ConfigDict(frozen=True)

    kind: str
    ref: str


class Notice(Aggregate):
    """Keeps template and raw values, not words: each reader gets their own language.

    `unique`: an office hears of an event once. `happened_at` is when it happened in the world.
    """

    collection: ClassVar[str] = "notices"
    unique: ClassVar[tuple[tuple[str, ...], ...]] = (("event_id", "office"),)
    has_timeline: ClassVar[bool] = False

    event_id: str
    office: str
    template: str
    values: dict[str, str | None]
    about: About
    named: tuple[About, ...] = ()
    """The case, the people and whatever else its event names: for whom those are not, it is not."""
    happened_at: datetime
    reads: tuple[ReadMark, ...] = ()

    def concerns(self) -> tuple[str, ...]:
        """The case and the people behind it, where its event or its rule names them."""
        return chains_of(self.about, *self.named)

    @property
    def refs(self) -> tuple[str, ...]:
        """What its event names, by reference alone."""
        return tuple(each.ref for each in self.named)

    def read_by(self, person: str) -> bool:
        """Whether this member of the office has read it."""
        return any(mark.person == person for mark in self.reads)

    def mark_read(self, person: str, at: datetime) -> Self:
        """With this member's mark; the first reading is the one that counts."""
        return self if self.read_by(person) else self.evolve(reads=(*self.reads, ReadMark(person=person, at=at)))


def chains_of(*named: About) -> tuple[str, ...]:
    """The cases and people among these, as the audit's chains are called."""
    found = (f"{each.kind.lower()}|{each.ref}" for each in named if each.kind in {"CASE", "SUBJECT"})
    return tuple(dict.fromkeys(found))


def link_path(notice: str) -> str:
    """Where the notice is read, after sign-in."""
    return f"/v1/inbox/{notice}"
