"""Seals: what is there for those named alone, whatever roles open. Cases makes them, the others project them."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from shared.events.envelope import Event
from shared.events.staff_v1 import SealPublished
from shared.kernel.aggregate import Aggregate
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work


class Seal(Aggregate):
    """One sealed reference; `id` is the reference itself, of a case, a person or a referral.

    `seal_ref` joins what was sealed together. Only the people and the members of the offices named may know of it.
    """

    collection: ClassVar[str] = "seals"
    has_timeline: ClassVar[bool] = False

    seal_ref: str
    kind: str
    people: tuple[str, ...]
    offices: tuple[str, ...]
    active: bool
    since: datetime
    """When it was sealed."""
    told_at: datetime | None = None
    """When the fact that this state came from was recorded."""

    def concerns(self) -> tuple[str, ...]:
        """The case or the person."""
        return (f"{self.kind.lower()}|{self.id}",) if self.kind in {"CASE", "SUBJECT"} else ()

    def shuts_out(self, person: str, agency: str) -> bool:
        """Whether it keeps this member of staff away."""
        return self.active and person not in self.people and agency not in self.offices

    def shuts_office_out(self, office: str) -> bool:
        """Whether nothing may go to the office as such: its address, its systems. Some of its people may be named."""
        return self.active and office not in self.offices


def sealed_from(person: str, agency: str, seals: Iterable[Seal]) -> frozenset[str]:
    """The references of which this member of staff may not know."""
    return frozenset(seal.id for seal in seals if seal.shuts_out(person, agency))


def seal_from(published: SealPublished) -> Seal:
    """A seal as the event states it, not saved yet."""
    return Seal(
        id=published.ref,
        seal_ref=published.seal_ref,
        kind=published.kind,
        people=published.people,
        offices=published.offices,
        active=published.active,
        since=published.since,
    )


projection = Rulebook()
"""For services that do not make seals: `rulebook.including(projection)`."""


@projection.on(SealPublished, needs=lambda event: [Seal.ref(event.data.ref)])
def project_seal(event: Event[SealPublished], work: Work) -> None:
    """Keep the newest full state; an event recorded before the one that we have changes nothing."""
    known = work.find(Seal, event.data.ref)
    if known is not None and known.told_at is not None and event.time < known.told_at:
        return
    told = seal_from(event.data).evolve(told_at=event.time)
    if known is not None:
        told = known.evolve(**told.model_dump(exclude={"id", "version", "created_at", "updated_at"}))
    work.put(told)
