"""The staff directory for administrators and the data protection officer: references and roles, no names."""

from typing import Annotated, Literal

from pydantic import Field

from services.cases.api.fields import At, Body, Coded, CodeIn, OfficeIn, coded, office_of
from services.cases.catalogue import suspension_reasons
from services.cases.commands import (
    ChangeMember,
    EmployMember,
    ReinstateMember,
    ReinstateOffice,
    SuspendMember,
    SuspendOffice,
)
from shared.events.envelope import Id, Moment
from shared.events.intake_v1 import Kabupaten
from shared.events.staff_v1 import MemberPublished
from shared.http.masking import View
from shared.http.routes import Call, Routes, Target
from shared.reference.roles import role_label
from shared.security.policy.classes import DataClass
from shared.security.staff import Member, Office

routes = Routes()

PersonIn = Annotated[Id, Field(description="The person's reference at the identity provider.", examples=["O-22"])]


class Service(Body):
    """What a member may do, where, and until when."""

    data_class = DataClass.C1

    roles: tuple[CodeIn, ...] = Field(min_length=1, max_length=10, examples=[["CASE_MANAGER"]])
    unit: Id | None = Field(default=None, examples=["PH-2"])
    kabupaten: tuple[Kabupaten, ...] = Field(default=(), max_length=22, examples=[["53.71"]])
    language: Literal["id", "en"] = "id"
    valid_to: Moment | None = Field(default=None, examples=["2027-01-01T00:00:00+08:00"])


class EmployBody(Service):
    """A new member of the caller's agency."""

    person: PersonIn
    valid_from: Moment | None = Field(default=None, description="Now, if left out.")


class MemberMove(Body):
    """SUSPEND shuts a person out at once and needs a reason; REINSTATE lets them in again."""

    data_class = DataClass.C1

    move: Literal["SUSPEND", "REINSTATE"]
    reason: CodeIn | None = Field(default=None, examples=["DEVICE_LOST"])


class OfficeMove(MemberMove):
    """The same for a whole office."""

    agency: OfficeIn


class MemberView(View):
    """A member of staff."""

    data_class = DataClass.C1

    person: str = Field(examples=["O-22"])
    agency: Coded
    unit: str | None = Field(examples=["PH-2"])
    roles: tuple[Coded, ...]
    kabupaten: tuple[str, ...] = Field(examples=[["53.71"]])
    language: str = Field(examples=["id"])
    valid_from: At
    valid_to: At | None
    active: bool
    suspended_for: Coded | None
    updated_at: At | None


class OfficeView(View):
    """Whether an office is shut out."""

    data_class = DataClass.C1

    agency: Coded
    suspended: bool


def member_view(member: Member, call: Call) -> MemberView:
    """A member in the reader's language."""
    lang = call.lang
    reason = suspension_reasons().get(member.suspended_for or "")
    return MemberView(
        person=member.id,
        agency=office_of(member.agency, lang),
        unit=member.unit,
        roles=tuple(Coded(code=role, label=role_label(role, lang)) for role in member.roles),
        kabupaten=member.kabupaten,
        language=member.language,
        valid_from=member.valid_from,
        valid_to=member.valid_to,
        active=member.active,
        suspended_for=coded(reason.code, reason.label, lang) if reason else None,
        updated_at=member.updated_at,
    )


def office_view(office: Office, call: Call) -> OfficeView:
    """An office in the reader's language."""
    return OfficeView(agency=office_of(office.id, call.lang), suspended=office.suspended)


routes.list(
    "/v1/staff",
    permission="staff.list",
    audit="STAFF_LISTED",
    kind=Member,
    answer=member_view,
    filters=("agency", "active"),
)

routes.read(
    "/v1/staff/{person}", permission="staff.read", audit="STAFF_READ", on=Target("person", Member), answer=member_view
)


@routes.command(
    "POST",
    "/v1/staff",
    permission="staff.employ",
    audit="STAFF_EMPLOYED",
    body=EmployBody,
    answer=member_view,
    location="/v1/staff/{id}",
)
async def employ(call: Call, body: EmployBody) -> EmployMember:
    """Take a person into the own agency."""
    given = body.model_dump(exclude={"valid_from"})
    member = MemberPublished(
        occurred_at=call.now, agency=call.actor.agency, valid_from=body.valid_from or call.now, **given
    )
    return EmployMember(member)


@routes.command(
    "PUT",
    "/v1/staff/{person}",
    permission="staff.change",
    audit="STAFF_CHANGED",
    on=Target("person", Member),
    body=Service,
    answer=member_view,
    if_match=True,
)
async def change(call: Call, body: Service) -> ChangeMember:
    """Replace a member's roles, places and time of service. Nobody changes their own."""
    return ChangeMember(call.path["person"], body.roles, body.unit, body.kabupaten, body.language, body.valid_to)


@routes.command(
    "POST",
    "/v1/staff/{person}/moves",
    permission="staff.move",
    audit="STAFF_MOVED",
    on=Target("person", Member),
    body=MemberMove,
    answer=member_view,
)
async def move(call: Call, body: MemberMove) -> SuspendMember | ReinstateMember:
    """Shut a person out, or let them in again. It holds here at once and within five seconds everywhere."""
    if body.move == "REINSTATE":
        return ReinstateMember(call.path["person"])
    return SuspendMember(call.path["person"], body.reason or "")


@routes.command(
    "POST",
    "/v1/office-moves",
    permission="office.move",
    audit="OFFICE_MOVED",
    body=OfficeMove,
    answer=office_view,
)
async def move_office(call: Call, body: OfficeMove) -> SuspendOffice | ReinstateOffice:
    """Shut a whole office out, or let it in again."""
    if body.move == "REINSTATE":
        return ReinstateOffice(body.agency)
    return SuspendOffice(body.agency, body.reason or "")
