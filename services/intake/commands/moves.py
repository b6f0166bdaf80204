"""Moving people and stops on, step by step."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.intake.domain.consent import Consent, in_force
from services.intake.domain.interdiction import Interdiction, InterdictionState
from services.intake.domain.states import TARGET, Move, check_data
from services.intake.domain.subject import Subject
from shared.events.intake_v1 import ConsentChoice, SubjectGuided, SubjectHandedToCase
from shared.kernel.acting import acting, check_time
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

commands = Rulebook()


class MoveSubject(BaseModel):
    """A step of a person's way. `data` are the codes and references that the step asks for."""

    model_config = ConfigDict(frozen=True)

    subject: str
    move: Move
    occurred_at: datetime
    data: Mapping[str, str | bool]


class MoveInterdiction(BaseModel):
    """A step of a stop's way."""

    model_config = ConfigDict(frozen=True)

    interdiction: str
    target: InterdictionState
    occurred_at: datetime


@commands.command(MoveSubject, needs=lambda c: [Subject.ref(c.subject)])
def move_subject(command: MoveSubject, work: Work) -> Subject:
    """Move a person on, where the step is legal and says what it has to."""
    check_time(command.occurred_at, work)
    known = work.get(Subject, command.subject)
    known.refuse_closed()
    subject = known.moved(TARGET[command.move])
    check_data(command.move, command.data)
    if command.data.get("training") == "ACCEPTED":
        subject = subject.evolve(training_at=command.occurred_at)
    work.put(subject, command.move.value, **command.data)
    if command.move is Move.GUIDE:
        work.emit(guided(subject, command.occurred_at), key=subject.id)
    if command.move is Move.HAND_OVER:
        handed = handed_over(subject, acting(work).agency, command.occurred_at)
        work.emit(handed, key=subject.id)
    return work.get(Subject, subject.id)


@commands.command(MoveInterdiction, needs=lambda c: [Interdiction.ref(c.interdiction)])
def move_interdiction(command: MoveInterdiction, work: Work) -> Interdiction:
    """Move a stop on."""
    check_time(command.occurred_at, work)
    stop = work.get(Interdiction, command.interdiction).moved(command.target)
    work.put(stop, command.target.value)
    return work.get(Interdiction, stop.id)


def guided(subject: Subject, occurred_at: datetime) -> SubjectGuided:
    """The fact for others."""
    return SubjectGuided(
        occurred_at=occurred_at, subject_ref=subject.id, report_ref=subject.report_ref, state=subject.state
    )


def handed_over(subject: Subject, handed_by: str, occurred_at: datetime) -> SubjectHandedToCase:
    """The fact that opens a case: the finding, and the consents as they stand."""
    return SubjectHandedToCase.model_validate(
        {
            "occurred_at": occurred_at,
            "subject_ref": subject.id,
            "report_ref": subject.report_ref,
            "source": subject.source,
            "handed_by": handed_by,
            "state": subject.finding,
            "risk": subject.risk,
            "sex": subject.sex,
            "age_band": subject.age.band,
            "as_child": subject.age.as_child,
            "kabupaten": subject.kabupaten,
            "host": subject.host,
            "abroad": subject.abroad,
            "consents": [choice_of(answer) for answer in in_force(subject.consents).values()],
        }
    )


def choice_of(answer: Consent) -> ConsentChoice:
    """One answer for the case, with the moment at which it was given."""
    return ConsentChoice(purpose=answer.purpose, given=answer.given, answered_at=answer.occurred_at)
