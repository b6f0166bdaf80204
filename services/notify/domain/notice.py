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
    """What the reader opens next: a kind (`CASE`, `REFERRAL` …) and a reference."""

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
    refs: tuple[str, ...] = ()
    """The case, the person and whatever else its event names, by reference: for whom it is not, it is not."""
    happened_at: datetime
    reads: tuple[ReadMark, ...] = ()

    def concerns(self) -> tuple[str, ...]:
        """The case or the person behind it, where its rule names one."""
        return (f"{self.about.kind.lower()}|{self.about.ref}",) if self.about.kind in {"CASE", "SUBJECT"} else ()

    def read_by(self, person: str) -> bool:
        """Whether this member of the office has read it."""
        return any(mark.person == person for mark in self.reads)

    def mark_read(self, person: str, at: datetime) -> Self:
        """With this member's mark; the first reading is the one that counts."""
        return self if self.read_by(person) else self.evolve(reads=(*self.reads, ReadMark(person=person, at=at)))


def link_path(notice: str) -> str:
    """Where the notice is read, after sign-in."""
    return f"/v1/inbox/{notice}"
