"""Consents: what the person said about each purpose."""

from typing import Annotated

from pydantic import ConfigDict, Field

from services.cases.api.fields import At, Body, CodeIn, Happened, Ref
from services.cases.commands import RecordConsent
from services.cases.domain.case import Case
from services.cases.domain.consent import Consent, ConsentState, Evidence, ToldHow
from services.cases.views import of_case
from shared.http.masking import Part, View
from shared.http.routes import Call, Routes, Target
from shared.kernel.consent import GivenBy
from shared.security.policy.classes import DataClass

routes = Routes()


class ConsentBody(Body):
    """An answer to one purpose. The words that were spoken stay with the person; here are codes."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "purpose": "SHARE_LPSK",
                    "answer": "GIVEN",
                    "told_how": "READ_ALOUD",
                    "language": "dawan",
                    "given_by": "SELF",
                    "evidence": "SIGNED",
                }
            ]
        }
    )

    data_class = DataClass.C2

    subject_ref: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Whose answer it is; may be left out where the case has one person."
    )
    purpose: CodeIn
    answer: ConsentState
    told_how: ToldHow
    language: Annotated[str, Field(pattern=r"^[a-z]{2,24}$")]
    given_by: GivenBy = GivenBy.SELF
    evidence: Evidence
    occurred_at: Happened = None


class AnswerView(Part):
    """One answer."""

    state: ConsentState
    answered_at: At
    agency: str = Field(examples=["UPTD_PPA-53.71"])
    told_how: ToldHow | None
    language: str | None = Field(examples=["dawan"])
    given_by: GivenBy | None
    evidence: Evidence | None


class ConsentView(View):
    """Where the person stands on one purpose, with all answers, oldest first."""

    data_class = DataClass.C2

    subject_ref: Ref
    purpose: str = Field(examples=["SHARE_LPSK"])
    state: ConsentState
    answers: tuple[AnswerView, ...]


def consent_view(consent: Consent, _: Call) -> ConsentView:
    """A consent as the leading office sees it."""
    return ConsentView(
        subject_ref=consent.subject_ref,
        purpose=consent.purpose,
        state=consent.state,
        answers=tuple(AnswerView.model_validate(answer.model_dump()) for answer in consent.answers),
    )


routes.list(
    "/v1/cases/{case}/consents",
    permission="consent.list",
    audit="CONSENTS_LISTED",
    on=Target("case", Case),
    kind=Consent,
    where=of_case,
    answer=consent_view,
    filters=("purpose",),
)


@routes.command(
    "POST",
    "/v1/cases/{case}/consents",
    permission="consent.record",
    audit="CONSENT_RECORDED",
    on=Target("case", Case),
    body=ConsentBody,
    answer=consent_view,
)
async def record_consent(call: Call, body: ConsentBody) -> RecordConsent:
    """Record an answer. A no is as good as a yes, and a yes can be taken back."""
    return RecordConsent(
        case=call.path["case"],
        subject=body.subject_ref or only_person(call.target),
        purpose=body.purpose,
        answer=body.answer,
        told_how=body.told_how,
        language=body.language,
        given_by=body.given_by,
        evidence=body.evidence,
        occurred_at=body.occurred_at,
    )


def only_person(case: Case) -> str:
    """The case's one person; where there are several, nobody, and the request must say who."""
    return case.persons[0].subject_ref if len(case.persons) == 1 else ""
