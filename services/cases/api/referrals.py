"""Referrals: send one, see them, answer one."""

from typing import Annotated, Literal

from pydantic import Field

from services.cases.api.consents import only_person
from services.cases.api.fields import (
    At,
    Body,
    CaseNumber,
    Coded,
    CodeIn,
    Happened,
    OfficeIn,
    Ref,
    coded,
    moves_of,
    office_of,
    risk_of,
    state_of,
)
from services.cases.catalogue import deadline, legal_bases, purposes, reason_label
from services.cases.commands import AcceptReferral, RejectReferral, SendReferral
from services.cases.domain.case import Case
from services.cases.domain.deadline import ClockStatus
from services.cases.domain.referral import Referral
from services.cases.workflows import referral_workflow
from shared.events.partner_v1 import ForeignNo
from shared.http.masking import Part, View
from shared.http.routes import Call, Routes, Target
from shared.security.policy.classes import DataClass

routes = Routes()


class ReferralBody(Body):
    """What is asked of which office. Without `legal_basis` the person's consents must allow it."""

    data_class = DataClass.C2

    subject_ref: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="For whom; may be left out where the case has one person.", examples=["P-004"]
    )
    agency: OfficeIn
    purpose: CodeIn = Field(examples=["LPSK_APPLICATION"])
    legal_basis: CodeIn | None = Field(default=None, examples=[None])
    occurred_at: Happened = None


class ClockView(Part):
    """The deadline of the answer."""

    ref: Ref
    deadline: Coded
    basis: str = Field(examples=["Kesepakatan gugus tugas tentang rujukan"])
    status: ClockStatus
    started_at: At
    due_at: At
    breached_at: At | None


class ReferralView(View):
    """A referral, for its sender and its receiver alike."""

    data_class = DataClass.C1

    id: Annotated[Ref, DataClass.C0]
    case: Ref
    case_no: CaseNumber
    subject_ref: Annotated[Ref, DataClass.C2]
    sender: Coded
    agency: Coded
    purpose: Annotated[Coded, DataClass.C2]
    urgency: Annotated[Coded | None, DataClass.C2]
    legal_basis: Annotated[Coded | None, DataClass.C2]
    consents: Annotated[tuple[str, ...], DataClass.C2] = Field(examples=[["SHARE_LPSK", "LPSK_APPLICATION"]])
    state: Coded
    reason: Coded | None
    sent_at: At
    answered_at: At | None
    foreign_no: str | None = Field(description="The receiver's own number.", examples=["PP.01/2026"])
    clock: ClockView
    legal_moves: tuple[Coded, ...]


def referral_view(referral: Referral, call: Call) -> ReferralView:
    """A referral in the reader's language."""
    lang, flow = call.lang, referral_workflow()
    legal = flow.legal_moves(referral.state) if call.actor.agency == referral.agency else ()
    basis = legal_bases()[referral.legal_basis] if referral.legal_basis else None
    return ReferralView(
        id=referral.id,
        case=referral.case_ref,
        case_no=referral.case_no,
        subject_ref=referral.subject_ref,
        sender=office_of(referral.sender, lang),
        agency=office_of(referral.agency, lang),
        purpose=coded(referral.purpose, purposes()[referral.purpose].label, lang),
        urgency=risk_of(referral.urgency, lang),
        legal_basis=coded(basis.code, basis.label, lang) if basis else None,
        consents=referral.consents,
        state=state_of(flow, referral.state, lang),
        reason=Coded(code=referral.reason, label=reason_label(referral.reason, lang)) if referral.reason else None,
        sent_at=referral.sent_at,
        answered_at=referral.answered_at,
        foreign_no=referral.foreign_no,
        clock=_clock(referral, lang),
        legal_moves=moves_of(flow, legal, lang),
    )


def _clock(referral: Referral, lang: str) -> ClockView:
    clock, known = referral.clock, deadline(referral.clock.sla_code)
    return ClockView(
        ref=clock.ref,
        deadline=coded(known.code, known.label, lang),
        basis=known.basis,
        status=clock.status,
        started_at=clock.started_at,
        due_at=clock.due_at,
        breached_at=clock.breached_at,
    )


@routes.command(
    "POST",
    "/v1/cases/{case}/referrals",
    permission="referral.send",
    audit="REFERRAL_SENT",
    on=Target("case", Case),
    body=ReferralBody,
    answer=referral_view,
    location="/v1/referrals/{id}",
)
async def send_referral(call: Call, body: ReferralBody) -> SendReferral:
    """Ask an office in. From now on it sees the thin case, this referral and its own file, and owes an answer."""
    return SendReferral(
        case=call.path["case"],
        subject=body.subject_ref or only_person(call.target),
        agency=body.agency,
        purpose=body.purpose,
        legal_basis=body.legal_basis,
        occurred_at=body.occurred_at,
    )


routes.list(
    "/v1/referrals",
    permission="referral.list",
    audit="REFERRALS_LISTED",
    kind=Referral,
    answer=referral_view,
    filters=("state", "agency", "case_ref", "case_no", "purpose"),
)

routes.read(
    "/v1/referrals/{referral}",
    permission="referral.read",
    audit="REFERRAL_READ",
    on=Target("referral", Referral),
    answer=referral_view,
)


class AnswerData(Body):
    """What an answer carries: a number with a yes, if there is one already, or the reason of a no."""

    data_class = DataClass.C1

    foreign_no: ForeignNo | None = Field(default=None, examples=["PP.01/2026"])
    reason: CodeIn | None = Field(default=None, examples=[None])


class ReferralMove(Body):
    """The receiving office's answer."""

    data_class = DataClass.C1

    move: Literal["ACCEPT", "REJECT"]
    occurred_at: Happened = None
    data: AnswerData = AnswerData()


@routes.command(
    "POST",
    "/v1/referrals/{referral}/moves",
    permission="referral.answer",
    audit="REFERRAL_ANSWERED",
    on=Target("referral", Referral),
    body=ReferralMove,
    answer=referral_view,
    if_match=True,
)
async def answer_referral(call: Call, body: ReferralMove) -> AcceptReferral | RejectReferral:
    """Accept or reject."""
    if body.move == "ACCEPT":
        return AcceptReferral(call.path["referral"], body.data.foreign_no, body.occurred_at)
    return RejectReferral(call.path["referral"], body.data.reason or "", body.occurred_at)
