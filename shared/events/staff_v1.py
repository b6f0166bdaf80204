"""The staff directory as the other services project it. Key: the person's, the office's or the sealed thing's
reference, of what is opened to somebody the grantee's, and of a pulse its partition. Full state each time."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

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


OpenClass = Literal["C1", "C2", "C3", "C4"]
"""What can be opened for a time: everything but places of shelter and whoever reported (C5)."""


class OpenedAccess(BaseModel):
    """What one grant opens: these classes of these cases and people, for a time. `purpose` none: for every purpose."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    grant_ref: Id
    agency: AgencyRef
    """Whoever leaves this office leaves the grant behind."""
    refs: tuple[Id, ...]
    classes: tuple[OpenClass, ...] = Field(min_length=1)
    purpose: Code | None = None
    since: Moment
    until: Moment
    emergency: bool = False


class AccessPublished(EventData):
    """All that is or will be opened to one person or one unit. What is missing here is open no longer; what ends by
    time needs no further word."""

    type = "id.pulang.staff.access.published.v1"
    topics = ("staff-events",)

    grantee: Id
    """`person|O-51` or `unit|LPSK-53|U-1`: never a member's own key, which a compacted topic would overwrite."""
    opened: tuple[OpenedAccess, ...]
