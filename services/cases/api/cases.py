"""Coordination cases: list, read, take."""

from typing import Annotated, Literal

from pydantic import Field

from services.cases.api.fields import (
    At,
    Body,
    CaseNumber,
    Coded,
    CodeIn,
    Happened,
    Ref,
    coded,
    moves_of,
    office_of,
    risk_of,
    state_of,
)
from services.cases.catalogue import seal_reasons
from services.cases.commands import (
    DeclareInterest,
    ExcludeMember,
    ReadmitMember,
    ReassignCase,
    TakeCase,
)
from services.cases.domain.case import Case, Person
from services.cases.domain.seal import CaseSeal
from services.cases.workflows import case_workflow
from shared.http.masking import Part, View
from shared.http.routes import Call, Routes, Target
from shared.reference.codes import SUBJECT_STATES
from shared.security.policy.classes import DataClass

routes = Routes()


class PersonView(Part):
    """A person of the case, by reference; who it is, intake shows to those who may know."""

    subject_ref: Ref
    role: str = Field(examples=["SUBJECT"])
    status: Coded
    sex: str = Field(examples=["F"])
    age_band: str = Field(examples=["25-34"])
    as_child: bool
    kabupaten: str | None = Field(examples=["53.02"])


class SealView(Part):
    """For whom alone the case is there."""

    people: tuple[str, ...] = Field(examples=[["O-20", "O-29"]])
    offices: tuple[Coded, ...]
    reason: Coded
    since: At


class CaseInside(Part):
    """What the leading office sees beyond the thin case."""

    proposed_lead: Coded
    manager: str | None = Field(examples=["O-20"])
    host: str = Field(description="The regency or city where the person is.", examples=["53.71"])
    source: str = Field(examples=["INTERDICTION"])
    abroad: bool
    consent_known: bool = Field(description="Whether the person has been asked, whatever the answer was.")
    risk: Coded | None
    persons: tuple[PersonView, ...]
    granted: tuple[Coded, ...] = Field(description="The offices that may see the case.")
    seal: SealView | None
    legal_moves: tuple[Coded, ...]
    handed_at: At
    updated_at: At | None


class CaseView(View):
    """A case. `inside` is masked for an agency that was asked in: it sees its own referral and file beside this."""

    data_class = DataClass.C1

    id: Annotated[Ref, DataClass.C0]
    case_no: CaseNumber
    state: Coded
    lead: Coded | None
    sealed: bool = Field(description="Whether it is there for those named alone.")
    inside: Annotated[CaseInside, DataClass.C2]


def case_view(case: Case, call: Call) -> CaseView:
    """The case in the reader's language."""
    return CaseView(
        id=case.id,
        case_no=case.case_no,
        state=state_of(case_workflow(), case.state, call.lang),
        lead=office_of(case.lead, call.lang) if case.lead else None,
        sealed=case.seal is not None,
        inside=_inside(case, call.lang),
    )


def _inside(case: Case, lang: str) -> CaseInside:
    return CaseInside(
        proposed_lead=office_of(case.proposed_lead, lang),
        manager=case.manager,
        host=case.host,
        source=case.source,
        abroad=case.abroad,
        consent_known=case.consent_known,
        risk=risk_of(case.risk, lang),
        persons=tuple(_person(person, lang) for person in case.persons),
        granted=tuple(office_of(office, lang) for office in sorted({grant.agency for grant in case.grants})),
        seal=_seal(case.seal, lang) if case.seal else None,
        legal_moves=moves_of(case_workflow(), case.legal_moves(case_workflow()), lang),
        handed_at=case.handed_at,
        updated_at=case.updated_at,
    )


def _seal(seal: CaseSeal, lang: str) -> SealView:
    reason = seal_reasons()[seal.reason]
    return SealView(
        people=seal.persons,
        offices=tuple(office_of(office, lang) for office in seal.offices),
        reason=coded(reason.code, reason.label, lang),
        since=seal.made_at,
    )


def _person(person: Person, lang: str) -> PersonView:
    state = SUBJECT_STATES.get(person.status)
    return PersonView(
        subject_ref=person.subject_ref,
        role=person.role,
        status=Coded(code=person.status, label=state.label(lang) if state else person.status),
        sex=person.sex,
        age_band=person.age_band,
        as_child=person.as_child,
        kabupaten=person.kabupaten,
    )


routes.list(
    "/v1/cases",
    permission="case.list",
    audit="CASES_LISTED",
    kind=Case,
    answer=case_view,
    filters=("case_no", "state", "lead", "manager", "risk"),
)

routes.read("/v1/cases/{case}", permission="case.read", audit="CASE_READ", on=Target("case", Case), answer=case_view)


class CaseMove(Body):
    """A move of a case. TAKE: the caller becomes the manager, and the caller's office the lead."""

    data_class = DataClass.C1

    move: Literal["TAKE"]
    occurred_at: Happened = None


@routes.command(
    "POST",
    "/v1/cases/{case}/moves",
    permission="case.move",
    audit="CASE_MOVED",
    on=Target("case", Case),
    body=CaseMove,
    answer=case_view,
    if_match=True,
)
async def move_case(call: Call, body: CaseMove) -> TakeCase:
    """Move a case."""
    return TakeCase(case=call.path["case"], occurred_at=body.occurred_at)


class ManagerBody(Body):
    """Who shall manage the case: a case manager of the leading office, by reference."""

    data_class = DataClass.C1

    manager: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$", examples=["O-21"])]
    occurred_at: Happened = None


@routes.command(
    "POST",
    "/v1/cases/{case}/manager",
    permission="case.reassign",
    audit="CASE_REASSIGNED",
    on=Target("case", Case),
    body=ManagerBody,
    answer=case_view,
    if_match=True,
)
async def reassign_case(call: Call, body: ManagerBody) -> ReassignCase:
    """Give a case to another manager. Whoever had it sees nothing of it any more, nor of its people and parts."""
    return ReassignCase(case=call.path["case"], manager=body.manager, occurred_at=body.occurred_at)


class ExclusionBody(Body):
    """A member of staff with an interest of their own in the case."""

    data_class = DataClass.C1

    person: Annotated[str, Field(max_length=64)] = Field(examples=["O-51"])
    reason: CodeIn = Field(examples=["SAME_VILLAGE"])


@routes.command(
    "POST",
    "/v1/cases/{case}/exclusions",
    permission="case.exclude",
    audit="MEMBER_EXCLUDED",
    on=Target("case", Case),
    body=ExclusionBody,
    answer=case_view,
)
async def exclude_member(call: Call, body: ExclusionBody) -> ExcludeMember:
    """Keep somebody out: to them the case and its people are from now on as if there were none, whatever their role."""
    return ExcludeMember(case=call.path["case"], person=body.person, reason=body.reason)


class InterestBody(Body):
    """The caller's own interest in the case."""

    data_class = DataClass.C1

    reason: CodeIn = Field(examples=["RELATIVE"])


@routes.command(
    "POST",
    "/v1/cases/{case}/interests",
    permission="case.declare",
    audit="INTEREST_DECLARED",
    on=Target("case", Case),
    body=InterestBody,
    answer=case_view,
)
async def declare_interest(call: Call, body: InterestBody) -> DeclareInterest:
    """Declare an interest of one's own. From now on there is no such case for the caller, who cannot take it back; if
    the caller manages it, the leading office's supervisor is asked to name another manager."""
    return DeclareInterest(case=call.path["case"], person=call.actor.person, reason=body.reason)


class ReadmissionBody(Body):
    """A member of staff who was kept out of the case."""

    data_class = DataClass.C1

    person: Annotated[str, Field(max_length=64)] = Field(examples=["O-51"])
    reason: CodeIn = Field(examples=["NAMED_IN_ERROR"])


@routes.command(
    "POST",
    "/v1/cases/{case}/readmissions",
    permission="case.readmit",
    audit="MEMBER_READMITTED",
    on=Target("case", Case),
    body=ReadmissionBody,
    answer=case_view,
)
async def readmit_member(call: Call, body: ReadmissionBody) -> ReadmitMember:
    """Let somebody in again who was kept out. Nobody lets themselves in."""
    return ReadmitMember(case=call.path["case"], person=body.person, reason=body.reason)
