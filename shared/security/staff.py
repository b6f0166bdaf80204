"""The staff directory: who a signed-in person is at this moment. Tokens say only who signed in."""

from datetime import datetime
from typing import Any, ClassVar, Protocol

from shared.events.envelope import Event
from shared.events.staff_v1 import MemberPublished
from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work


class Member(Aggregate):
    """One member of staff; `id` is the person's reference. Cases owns them, the other services project them."""

    collection: ClassVar[str] = "staff"
    has_timeline: ClassVar[bool] = False

    agency: str
    unit: str | None = None
    roles: tuple[str, ...]
    kabupaten: tuple[str, ...] = ()
    language: str = "id"
    valid_from: datetime
    valid_to: datetime | None = None
    active: bool = True
    told_at: datetime | None = None
    """When the fact that this state came from was recorded."""


class Reader(Protocol):
    """What the directory needs of the database."""

    async def find_one(self, kind: type[Member], query: dict[str, Any]) -> Member | None:
        """The one document that matches, read at a majority."""
        ...


class StaffDirectory:
    """Looks members up at each request, so that leaving or losing a role takes effect at once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def actor(self, person: str, now: datetime) -> Actor | None:
        """The person as an actor, or None where the directory does not (or no longer, or not yet) know them."""
        member = await self._reader.find_one(Member, {"_id": person})
        return to_actor(member, now) if member else None


def to_actor(member: Member, now: datetime) -> Actor | None:
    """The member as of now; None outside the time of service."""
    if not member.active or now < member.valid_from or (member.valid_to is not None and now >= member.valid_to):
        return None
    return Actor(
        person=member.id,
        agency=member.agency,
        roles=frozenset(member.roles),
        unit=member.unit or "",
        kabupaten=frozenset(member.kabupaten),
    )


def member_from(published: MemberPublished) -> Member:
    """A member as the event states them, not saved yet."""
    return Member(
        id=published.person,
        agency=published.agency,
        unit=published.unit,
        roles=published.roles,
        kabupaten=published.kabupaten,
        language=published.language,
        valid_from=published.valid_from,
        valid_to=published.valid_to,
        active=published.active,
    )


projection = Rulebook()
"""For services that do not own the directory: `rulebook.including(projection)`."""


@projection.on(MemberPublished, needs=lambda event: [Member.ref(event.data.person)])
def project_member(event: Event[MemberPublished], work: Work) -> None:
    """Keep the newest full state; an event recorded before the one that we have changes nothing."""
    known = work.find(Member, event.data.person)
    if known is not None and known.told_at is not None and event.time < known.told_at:
        return
    told = member_from(event.data).model_dump(exclude={"id", "version", "created_at", "updated_at", "told_at"})
    if known is None:
        work.put(Member(id=event.data.person, told_at=event.time, **told))
    else:
        work.put(known.evolve(told_at=event.time, **told))
