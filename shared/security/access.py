"""What is opened to members of staff for a time. Cases owns it; intake projects it."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from shared.events.envelope import Event
from shared.events.staff_v1 import AccessPublished, OpenedAccess
from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Opening
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work


class Access(Aggregate):
    """All that is or will be opened to one grantee, whose key is the id."""

    collection: ClassVar[str] = "access"
    has_timeline: ClassVar[bool] = False

    opened: tuple[OpenedAccess, ...] = ()
    told_at: datetime | None = None
    """When the fact that this state came from was recorded."""

    def with_(self, more: OpenedAccess, now: datetime) -> "Access":
        """With one more; what has ended by now is forgotten."""
        return self.evolve(opened=(*(each for each in self.opened if each.until > now), more))

    def without(self, grant_ref: str) -> "Access":
        """With that one withdrawn."""
        return self.evolve(opened=tuple(each for each in self.opened if each.grant_ref != grant_ref))


def grantee_of(agency: str, person: str | None, unit: str | None) -> str:
    """The key of a person, or of an office's unit."""
    return f"person|{person}" if person else f"unit|{agency}|{unit}"


def openings_of(found: Iterable[Access], agency: str) -> tuple[Opening, ...]:
    """What of these is for a member of this office."""
    return tuple(
        Opening(
            refs=frozenset(each.refs),
            classes=frozenset(each.classes),
            since=each.since,
            until=each.until,
            purpose=each.purpose,
            emergency=each.emergency,
        )
        for access in found
        for each in access.opened
        if each.agency == agency
    )


projection = Rulebook()
"""For a service that does not own it: `rulebook.including(projection)`."""


@projection.on(AccessPublished, needs=lambda event: [Access.ref(event.data.grantee)])
def project_access(event: Event[AccessPublished], work: Work) -> None:
    """Keep the newest full state; an event recorded before the one that we have changes nothing."""
    known = work.find(Access, event.data.grantee)
    if known is not None and known.told_at is not None and event.time < known.told_at:
        return
    work.put((known or Access(id=event.data.grantee)).evolve(opened=event.data.opened, told_at=event.time))
