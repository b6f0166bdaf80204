"""The staff directory as the other services project it. Key: the person's, the office's or the sealed thing's
reference, and of a pulse its partition. Full state each time."""

from typing import Literal

from shared.events.envelope import Code, EventData, Id, Moment
from shared.events.intake_v1 import AgencyRef, Kabupaten


class OfficePublished(EventData):
    """One office as of now, told when its whole staff is shut out and when it is let in again."""

    type = "id.pulang.staff.office.published.v1"
    topics = ("staff-events",)

    agency: AgencyRef
    suspended: bool


class SealPublished(EventData):
    """One reference of a sealed case as of now: the case, one of its people or referrals. Whoever is not among `people`
    and of none of `offices` may not know of it while it is `active`. Key: the reference."""

    type = "id.pulang.staff.seal.published.v1"
    topics = ("staff-events",)

    ref: Id
    seal_ref: Id
    kind: Literal["CASE", "SUBJECT", "REFERRAL"]
    people: tuple[Id, ...]
    offices: tuple[AgencyRef, ...]
    active: bool
    since: Moment


class DirectoryPulsed(EventData):
    """All changes that were acknowledged before `occurred_at` (the database's time) stand before this on its
    partition. Sent every second; who has not applied one for five seconds doesn't know who may see what."""

    type = "id.pulang.staff.directory.pulsed.v1"
    topics = ("staff-events",)
    pulse = True


class MemberPublished(EventData):
    """One member of staff as of now; leaving is `active: false`, there are no tombstones."""

    type = "id.pulang.staff.member.published.v1"
    topics = ("staff-events",)

    person: Id
    agency: AgencyRef
    unit: Id | None = None
    roles: tuple[Code, ...]
    kabupaten: tuple[Kabupaten, ...] = ()
    language: Literal["id", "en"] = "id"
    valid_from: Moment
    valid_to: Moment | None = None
    active: bool = True
    excluded: tuple[Id, ...] = ()
    """What the person may not see whatever their role says: cases, people and stops in which they have an interest."""
