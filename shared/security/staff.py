"""The staff directory: who a signed-in person is at this moment. Tokens say only who signed in."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, TypeVar

from shared.events.envelope import Event
from shared.events.staff_v1 import MemberPublished, OfficePublished
from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor
from shared.kernel.reader import Reader
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work
from shared.security.access import Access, grantee_of, openings_of
from shared.security.seals import Seal, sealed_from

A = TypeVar("A", bound=Aggregate)

MAX_SUSPENDED = 1000
"""More suspended offices than there are in the province: then something is wrong, and nobody acts."""

MAX_SEALED = 5000
"""More sealed references than the province will ever have: then nobody can tell any more what must not be seen."""


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
    excluded: tuple[str, ...] = ()
    suspended_for: str | None = None
    """Why the owner shut this person out; the other services are told only that."""
    told_at: datetime | None = None
    """When the fact that this state came from was recorded."""


class Office(Aggregate):
    """One office of which there is something to say; `id` is its reference. While suspended, nobody of it acts."""

    collection: ClassVar[str] = "offices"
    has_timeline: ClassVar[bool] = False

    suspended: bool
    told_at: datetime | None = None


class StaffDirectory:
    """Looks members up at each request, so that leaving or losing a role takes effect at once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def actor(self, person: str, now: datetime) -> Actor | None:
        """The person as an actor, or None where the directory does not (or no longer, or not yet) know them."""
        member, suspended, seals, own = await asyncio.gather(
            self._reader.find_one(Member, {"_id": person}),
            self._reader.find(Office, {"suspended": True}, sort=[], limit=MAX_SUSPENDED),
            self._reader.find(Seal, {"active": True}, sort=[], limit=MAX_SEALED),
            self._reader.find_one(Access, {"_id": grantee_of("", person, None)}),
        )
        if member is None or len(suspended) == MAX_SUSPENDED or member.agency in {office.id for office in suspended}:
            return None
        units = await self._access_of_unit(member) if member.unit else None
        actor = to_actor(member, now, [access for access in (own, units) if access])
        if actor is None or len(seals) == MAX_SEALED:
            return None
        return replace(actor, sealed=sealed_from(actor.person, actor.agency, seals))

    async def is_shut_out(self, office: str) -> bool:
        """Whether nobody of this office may act."""
        return await self._reader.find_one(Office, {"_id": office, "suspended": True}) is not None

    async def _access_of_unit(self, member: Member) -> Access | None:
        return await self._reader.find_one(Access, {"_id": grantee_of(member.agency, None, member.unit)})

    async def remembers(self, person: str) -> bool:
        """Whether the person is or was a member."""
        return await self._reader.find_one(Member, {"_id": person}) is not None


def to_actor(member: Member, now: datetime, access: Iterable[Access] = ()) -> Actor | None:
    """The member as of now, with what is opened to them for a time; None outside the time of service."""
    if not member.active or now < member.valid_from or (member.valid_to is not None and now >= member.valid_to):
        return None
    return Actor(
        person=member.id,
        agency=member.agency,
        roles=frozenset(member.roles),
        unit=member.unit or "",
        kabupaten=frozenset(member.kabupaten),
        excluded=frozenset(member.excluded),
        openings=openings_of(access, member.agency),
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
        excluded=published.excluded,
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


@projection.on(OfficePublished, needs=lambda event: [Office.ref(event.data.agency)])
def project_office(event: Event[OfficePublished], work: Work) -> None:
    """The same for an office."""
    known = work.find(Office, event.data.agency)
    if known is not None and known.told_at is not None and event.time < known.told_at:
        return
    told = known or Office(id=event.data.agency, suspended=False)
    work.put(told.evolve(suspended=event.data.suspended, told_at=event.time))
