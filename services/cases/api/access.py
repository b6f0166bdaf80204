"""Access to a case for a time: given, listed, taken back."""

from typing import Annotated, Literal

from pydantic import Field

from services.cases.api.fields import At, Body, Coded, CodeIn, OfficeIn, Ref, coded, office_of
from services.cases.catalogue import access_reasons
from services.cases.commands import GiveAccess, WithdrawAccess
from services.cases.domain.access_grant import AccessGrant
from services.cases.domain.case import Case
from services.cases.views import of_case
from shared.events.envelope import Id, Moment
from shared.events.staff_v1 import OpenClass
from shared.http.masking import View
from shared.http.routes import Call, Routes, Target
from shared.reference.roles import PURPOSES
from shared.security.policy.classes import DataClass

routes = Routes()

ON = Target("case", Case)
PersonIn = Annotated[Id, Field(description="A member of staff, by reference.", examples=["O-21"])]
UnitIn = Annotated[Id, Field(description="A unit of the office, as the directory names it.", examples=["U-UPTD-1"])]


class AccessBody(Body):
    """Who may see what, why, and until when: `person` or `unit`, and with `subject_ref` that person alone.

    `classes` beside the thin case (C1): C2 is the case's inside, for the leading office, and the people's profile; C3
    who the people are, C4 what was said in screenings.
    """

    data_class = DataClass.C1

    agency: OfficeIn
    person: PersonIn | None = None
    unit: UnitIn | None = Field(default=None, examples=[None])
    subject_ref: Annotated[str, Field(max_length=64)] | None = Field(default=None, examples=[None])
    classes: tuple[OpenClass, ...] = Field(min_length=1, max_length=4, examples=[["C1", "C2"]])
    purpose: CodeIn = Field(examples=["CASEWORK"])
    reason: CodeIn = Field(examples=["STANDS_IN"])
    since: Moment | None = Field(default=None, description="Now, if left out.", examples=[None])
    until: Moment = Field(examples=["2026-05-21T00:00:00+08:00"])


class AccessMove(Body):
    """WITHDRAW ends it before its time."""

    data_class = DataClass.C1

    move: Literal["WITHDRAW"]


class AccessView(View):
    """One grant."""

    data_class = DataClass.C1

    id: Annotated[Ref, DataClass.C0]
    case: Ref
    subject_ref: Ref | None
    agency: Coded
    person: str | None = Field(examples=["O-21"])
    unit: str | None = Field(examples=[None])
    classes: tuple[str, ...] = Field(examples=[["C1", "C2"]])
    purpose: Coded
    reason: Coded
    given_by: str = Field(examples=["O-20"])
    since: At
    until: At
    withdrawn_at: At | None
    withdrawn_by: str | None = Field(examples=["O-20"])
    ended: bool = Field(description="By time or by withdrawal.")


def access_view(grant: AccessGrant, call: Call) -> AccessView:
    """A grant in the reader's language."""
    lang = call.lang
    return AccessView(
        id=grant.id,
        case=grant.case_ref,
        subject_ref=grant.subject_ref,
        agency=office_of(grant.agency, lang),
        person=grant.person,
        unit=grant.unit,
        classes=grant.classes,
        purpose=Coded(code=grant.purpose, label=PURPOSES[grant.purpose].label(lang)),
        reason=coded(grant.reason, access_reasons()[grant.reason].label, lang),
        given_by=grant.given_by,
        since=grant.since,
        until=grant.until,
        withdrawn_at=grant.withdrawn_at,
        withdrawn_by=grant.withdrawn_by,
        ended=grant.ended(call.now),
    )


routes.list(
    "/v1/cases/{case}/access",
    permission="access.list",
    audit="ACCESS_LISTED",
    on=ON,
    kind=AccessGrant,
    where=of_case,
    answer=access_view,
)


@routes.command(
    "POST",
    "/v1/cases/{case}/access",
    permission="access.give",
    audit="ACCESS_GIVEN",
    on=ON,
    body=AccessBody,
    answer=access_view,
)
async def give_access(call: Call, body: AccessBody) -> GiveAccess:
    """Open a case to a colleague, or to an agency that was asked in, for a time. It ends by itself."""
    return GiveAccess(
        case=call.path["case"],
        subject=body.subject_ref,
        agency=body.agency,
        person=body.person,
        unit=body.unit,
        classes=body.classes,
        purpose=body.purpose,
        reason=body.reason,
        since=body.since,
        until=body.until,
    )


@routes.command(
    "POST",
    "/v1/cases/{case}/access/{grant}/moves",
    permission="access.withdraw",
    audit="ACCESS_WITHDRAWN",
    on=ON,
    body=AccessMove,
    answer=access_view,
)
async def withdraw_access(call: Call, _: AccessMove) -> WithdrawAccess:
    """Take access back. It holds here at once and within five seconds everywhere."""
    return WithdrawAccess(case=call.path["case"], grant=call.path["grant"])
