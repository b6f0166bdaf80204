"""Screening a person, in rounds that never overwrite each other."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.intake.domain.offices import told_of_need
from services.intake.domain.risk import is_urgent, triage
from services.intake.domain.screening import Answers, ScreeningRound, finding
from services.intake.domain.states import SubjectState
from services.intake.domain.subject import Subject
from shared.events.intake_v1 import ScreeningCompleted
from shared.kernel.acting import acting, check_time
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

commands = Rulebook()


class Screen(BaseModel):
    """One screening round. `sealed` are the answers, encrypted; `answers` the same for the rule, and not kept."""

    model_config = ConfigDict(frozen=True)

    subject: str
    occurred_at: datetime
    answers: Answers
    sealed: bytes


@commands.command(Screen, needs=lambda c: [Subject.ref(c.subject)])
def screen(command: Screen, work: Work) -> ScreeningRound:
    """Add a round; what it comes to is computed, never typed."""
    check_time(command.occurred_at, work)
    subject = work.get(Subject, command.subject)
    subject.refuse_closed()
    found = finding(command.answers, child=subject.age.as_child, otherwise=subject.came_as)
    risk = triage(command.answers.facts)
    told = told_of_need(subject.host, child=subject.age.as_child, urgent=is_urgent(risk))
    subject = subject.screened(found, risk).open_to(*told)
    done = round_from(command, subject, found, work)
    work.put(done)
    work.put(subject, "SCREENED", round=done.round, finding=found, risk=risk)
    work.emit(completed(done, subject, told), key=subject.id)
    return done


def round_from(command: Screen, subject: Subject, found: SubjectState, work: Work) -> ScreeningRound:
    """The round as it is kept."""
    actor = acting(work)
    return ScreeningRound(
        id=work.new_id(),
        subject_ref=subject.id,
        round=subject.rounds,
        occurred_at=command.occurred_at,
        interviewer=actor.person,
        agency=actor.agency,
        private=command.answers.private,
        finding=found,
        risk=subject.risk,
        sealed=command.sealed,
    )


def completed(done: ScreeningRound, subject: Subject, told: tuple[str, ...]) -> ScreeningCompleted:
    """The fact for others: the result, none of the answers."""
    return ScreeningCompleted.model_validate(
        {
            "occurred_at": done.occurred_at,
            "subject_ref": subject.id,
            "report_ref": subject.report_ref,
            "round": done.round,
            "state": done.finding,
            "risk": done.risk,
            "offices": told,
        }
    )
