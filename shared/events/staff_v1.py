"""The staff directory as the other services project it. Key: the person's reference. Full state each time."""

from typing import Literal

from shared.events.envelope import Code, EventData, Id, Moment
from shared.events.intake_v1 import AgencyRef, Kabupaten


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
