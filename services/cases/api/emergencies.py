"""Access in an emergency: opened by whoever needs it, looked at by the data protection officer."""

from typing import Annotated, Literal

from pydantic import Field

from services.cases.api.fields import At, Body, CaseNumber, Coded, CodeIn, Ref, coded, office_of
from services.cases.catalogue import emergency_outcomes, emergency_reasons
from services.cases.commands import EndEmergency, OpenInEmergency, ReviewEmergency
from services.cases.domain.case import Case
from services.cases.domain.emergency import EmergencyAccess
from shared.http.masking import View
from shared.http.routes import Call, Routes, Target
from shared.security.policy.classes import DataClass

routes = Routes()


class EmergencyBody(Body):
    """Why it cannot wait."""

    data_class = DataClass.C1

    reason: CodeIn = Field(examples=["LIFE_IN_DANGER"])


class EmergencyMove(Body):
    """END shuts it before its time. REVIEW says what is to be thought of it, and needs an outcome."""

    data_class = DataClass.C1

    move: Literal["END", "REVIEW"] = Field(examples=["REVIEW"])
    outcome: CodeIn | None = Field(default=None, examples=["JUSTIFIED"])


class EmergencyView(View):
    """One access. `people` are the case's, by reference: intake shows who they are until it ends."""

    data_class = DataClass.C1

    id: Annotated[Ref, DataClass.C0]
    case: Ref
    case_no: CaseNumber
    people: tuple[str, ...] = Field(examples=[["019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a12"]])
    person: str = Field(examples=["O-21"])
    agency: Coded
    reason: Coded
    opened_at: At
    until: At
    review_due_at: At
    state: str = Field(examples=["OPEN"])
    outcome: Coded | None
    reviewed_by: str | None = Field(examples=[None])


def emergency_view(emergency: EmergencyAccess, call: Call) -> EmergencyView:
    """An access in the reader's language."""
    outcome = emergency_outcomes().get(emergency.outcome or "")
    return EmergencyView(
        id=emergency.id,
        case=emergency.case_ref,
        case_no=emergency.case_no,
        people=emergency.people,
        person=emergency.person,
        agency=office_of(emergency.agency, call.lang),
        reason=coded(emergency.reason, emergency_reasons()[emergency.reason].label, call.lang),
        opened_at=emergency.opened_at,
        until=emergency.until,
        review_due_at=emergency.review.due_at,
        state=emergency.state,
        outcome=coded(outcome.code, outcome.label, call.lang) if outcome else None,
        reviewed_by=emergency.reviewed_by,
    )


@routes.command(
    "POST",
    "/v1/case-numbers/{case_no}/emergency-access",
    permission="emergency.open",
    audit="EMERGENCY_ACCESS",
    on=Target("case_no", Case, by="case_no"),
    body=EmergencyBody,
    answer=emergency_view,
)
async def open_in_emergency(call: Call, body: EmergencyBody) -> OpenInEmergency:
    """Open a case by its number for fifteen minutes, where a life depends on it.

    The data protection officer and the case's manager are told at once, and it is reviewed. A sealed case answers like
    one that does not exist: LPSK's officer on call can be asked.
    """
    return OpenInEmergency(case=call.target.id, reason=body.reason)


routes.list(
    "/v1/emergencies",
    permission="emergency.list",
    audit="EMERGENCIES_LISTED",
    kind=EmergencyAccess,
    answer=emergency_view,
    filters=("state", "person", "agency"),
)

ON = Target("emergency", EmergencyAccess)

routes.read(
    "/v1/emergencies/{emergency}", permission="emergency.read", audit="EMERGENCY_READ", on=ON, answer=emergency_view
)


@routes.command(
    "POST",
    "/v1/emergencies/{emergency}/moves",
    permission="emergency.move",
    audit="EMERGENCY_MOVED",
    on=ON,
    body=EmergencyMove,
    answer=emergency_view,
)
async def move_emergency(call: Call, body: EmergencyMove) -> EndEmergency | ReviewEmergency:
    """Shut an access before its time, or review it. Nobody reviews their own."""
    if body.move == "END":
        return EndEmergency(call.path["emergency"])
    return ReviewEmergency(call.path["emergency"], body.outcome or "")
