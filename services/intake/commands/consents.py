"""Recording what a person agrees to, until the case keeps it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.intake.domain.consent import Consent, check_consent
from services.intake.domain.states import SubjectState
from services.intake.domain.subject import Subject
from shared.events.intake_v1 import ConsentRecorded
from shared.kernel.acting import acting, check_time
from shared.kernel.consent import GivenBy
from shared.kernel.errors import Reject
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

commands = Rulebook()


class Choice(BaseModel):
    """A purpose and the answer to it."""

    model_config = ConfigDict(frozen=True)

    purpose: str
    given: bool


class RecordConsents(BaseModel):
    """A person's answers to some purposes, each on its own. `language` is the one in which they were told."""

    model_config = ConfigDict(frozen=True)

    subject: str
    occurred_at: datetime
    given_by: GivenBy
    language: str
    choices: tuple[Choice, ...]


@commands.command(RecordConsents, needs=lambda c: [Subject.ref(c.subject)])
def record_consents(command: RecordConsents, work: Work) -> Subject:
    """Keep the answers; a no is as good an answer as a yes."""
    check_time(command.occurred_at, work)
    subject = work.get(Subject, command.subject)
    subject.refuse_closed()
    if subject.state is SubjectState.HANDED_TO_CASE:
        raise Reject("CONSENT_KEPT_BY_CASE")
    answers = tuple(answer_from(command, choice, work) for choice in command.choices)
    for answer in answers:
        check_consent(answer, child=subject.age.as_child)
        work.emit(recorded(subject, answer), key=subject.id)
    detail = {"given": [a.purpose for a in answers if a.given], "refused": [a.purpose for a in answers if not a.given]}
    work.put(subject.evolve(consents=(*subject.consents, *answers)), "CONSENT_RECORDED", **detail)
    return work.get(Subject, subject.id)


def answer_from(command: RecordConsents, choice: Choice, work: Work) -> Consent:
    """One answer as it is kept."""
    return Consent(
        purpose=choice.purpose,
        given=choice.given,
        given_by=command.given_by,
        language=command.language,
        occurred_at=command.occurred_at,
        recorded_by=acting(work).person,
    )


def recorded(subject: Subject, answer: Consent) -> ConsentRecorded:
    """The fact for others."""
    return ConsentRecorded(
        occurred_at=answer.occurred_at, subject_ref=subject.id, purpose=answer.purpose, given=answer.given
    )
