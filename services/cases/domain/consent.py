"""Consent: one record per person and purpose, holding every answer. No is a valid answer (UU 27/2022 Art 20-25)."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.kernel.aggregate import Aggregate
from shared.kernel.consent import GivenBy, yes_stands
from shared.kernel.errors import Kind, Reject, invalid
from shared.reference.codes import is_consent_purpose


class ConsentState(StrEnum):
    """What an answer says, and what stands of all."""

    GIVEN = "GIVEN"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class ToldHow(StrEnum):
    """How the person was told what the answer means (UU 27/2022 Art 21-24)."""

    READ_ALOUD = "READ_ALOUD"
    WRITTEN = "WRITTEN"
    INTERPRETER = "INTERPRETER"
    PHONE = "PHONE"


class Evidence(StrEnum):
    """What proves the answer; the paper itself stays with the agency that took it."""

    SIGNED = "SIGNED"
    THUMBPRINT = "THUMBPRINT"
    WITNESSED = "WITNESSED"
    RECORDED = "RECORDED"


class Answer(BaseModel):
    """One answer, as codes. What intake heard before the hand-over has no circumstances here."""

    model_config = ConfigDict(frozen=True)

    state: ConsentState
    answered_at: datetime
    recorded_by: str | None = None
    agency: str
    told_how: ToldHow | None = None
    language: str | None = None
    given_by: GivenBy | None = None
    evidence: Evidence | None = None


class Consent(Aggregate):
    """The person's answers for one purpose, oldest first; `state` is what of them stands."""

    collection: ClassVar[str] = "consents"

    subject_ref: str
    purpose: str
    case_ref: str
    state: ConsentState
    answers: tuple[Answer, ...]

    def concerns(self) -> tuple[str, ...]:
        """Its case and its person."""
        return (f"case|{self.case_ref}", f"subject|{self.subject_ref}")

    def answered(self, answer: Answer) -> "Consent":
        """With one more answer; `yes_stands` says whether a yes counts."""
        noes = (each.answered_at for each in self.answers if each.state is not ConsentState.GIVEN)
        counts = answer.state is not ConsentState.GIVEN or yes_stands(answer.answered_at, noes)
        answers = tuple(sorted((*self.answers, answer), key=lambda a: a.answered_at))
        return self.evolve(answers=answers, state=answer.state if counts else self.state)


def consent_id(subject_ref: str, purpose: str) -> str:
    """The id of the one record of this person for this purpose."""
    return f"{subject_ref}|{purpose}"


def first_answer(subject_ref: str, purpose: str, case_ref: str, answer: Answer) -> Consent:
    """The record that a first answer begins; raises Reject where there is nothing to withdraw."""
    if answer.state is ConsentState.WITHDRAWN:
        raise Reject("NOTHING_TO_WITHDRAW", Kind.ILLEGAL_MOVE)
    return Consent(
        id=consent_id(subject_ref, purpose),
        subject_ref=subject_ref,
        purpose=purpose,
        case_ref=case_ref,
        state=answer.state,
        answers=(answer,),
    )


def next_answer(consent: Consent, answer: Answer) -> Consent:
    """The record with one more answer; raises Reject where there is nothing to withdraw."""
    if answer.state is ConsentState.WITHDRAWN and consent.state is not ConsentState.GIVEN:
        raise Reject("NOTHING_TO_WITHDRAW", Kind.ILLEGAL_MOVE)
    return consent.answered(answer)


def check_purpose(purpose: str) -> None:
    """Raise Reject unless this is a purpose that people are asked about."""
    if not is_consent_purpose(purpose):
        raise invalid("UNKNOWN_PURPOSE", "/purpose")
