"""What a person agrees to, before a hand-over."""

from pydantic import Field

from services.intake.api import fields
from services.intake.api.subjects import subject_view
from services.intake.commands.consents import Choice, RecordConsents
from services.intake.domain.subject import Subject
from shared.http.routes import Call, Routes, Target
from shared.kernel.consent import GivenBy
from shared.security.policy.classes import DataClass

routes = Routes()


class ChoiceBody(fields.Body):
    """A purpose and the answer; a no is recorded as well as a yes."""

    data_class = DataClass.C2

    purpose: fields.PurposeCode = Field(examples=["SHARE_LPSK"])
    given: bool


class ConsentsBody(fields.Body):
    """Answers to some purposes, each on its own. `language` is the one in which the person was told."""

    data_class = DataClass.C2

    occurred_at: fields.Moment
    given_by: GivenBy
    language: fields.Language
    choices: list[ChoiceBody] = Field(min_length=1, max_length=40)


@routes.command(
    "POST",
    "/v1/subjects/{subject}/consents",
    permission="subject.consent",
    audit="CONSENT_RECORDED",
    on=Target("subject", Subject),
    body=ConsentsBody,
    answer=subject_view,
)
async def record_consents(call: Call, body: ConsentsBody) -> RecordConsents:
    """Record the person's answers, until the case keeps them."""
    return RecordConsents(
        subject=call.target.id,
        occurred_at=body.occurred_at,
        given_by=body.given_by,
        language=body.language,
        choices=tuple(Choice(**choice.model_dump()) for choice in body.choices),
    )
