"""Taking people in."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.intake.commands.checks import refuse_taken
from services.intake.domain.age import AgeClaim, assess_age
from services.intake.domain.offices import told_of_need
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Sealed, Vault, opened_for
from shared.events.intake_v1 import SubjectRegistered
from shared.kernel.acting import acting, check_time
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

commands = Rulebook()


class Taken(BaseModel):
    """One person as they are taken in. `signs` says whether the officer saw anything that calls for a screening."""

    model_config = ConfigDict(frozen=True)

    ref: str
    sex: str
    kabupaten: str | None
    age: AgeClaim
    signs: bool = False
    sealed: Sealed


class RegisterSubject(BaseModel):
    """One person who came, or came home, by another way than a stop."""

    model_config = ConfigDict(frozen=True)

    report_ref: str
    occurred_at: datetime
    source: str
    host: str
    abroad: bool
    person: Taken


@commands.command(RegisterSubject, needs=lambda c: [Subject.ref(c.person.ref), Vault.ref(c.person.ref)])
def register_subject(command: RegisterSubject, work: Work) -> Subject:
    """Take in one person."""
    check_time(command.occurred_at, work)
    refuse_taken(work.find(Subject, command.person.ref), "/ref")
    subject = subject_from(command.person, command.report_ref, command.source, command.host, work)
    subject = subject.evolve(abroad=command.abroad)
    return take_in(subject, command.person, command.occurred_at, work)


def subject_from(person: Taken, report_ref: str, source: str, host: str, work: Work) -> Subject:
    """A person who was not in intake before."""
    actor = acting(work)
    return Subject(
        id=person.ref,
        report_ref=report_ref,
        source=source,
        agency=actor.agency,
        registered_by=actor.person,
        offices=(actor.agency,),
        host=host,
        kabupaten=person.kabupaten,
        sex=person.sex,
        age=assess_age(person.age),
    )


def take_in(subject: Subject, person: Taken, occurred_at: datetime, work: Work) -> Subject:
    """Save a new person with their vault, and tell the unit that can interview of a child or of signs."""
    told = told_of_need(subject.host, child=subject.age.as_child, signs=person.signs)
    work.put(subject.open_to(*told), "REGISTERED", state=subject.state)
    work.put(opened_for(subject.id, work.find(Vault, subject.id), person.sealed))
    work.emit(registered(subject, told, occurred_at), key=subject.id)
    return work.get(Subject, subject.id)


def registered(subject: Subject, told: tuple[str, ...], occurred_at: datetime) -> SubjectRegistered:
    """The fact for others."""
    return SubjectRegistered.model_validate(
        {
            "occurred_at": occurred_at,
            "subject_ref": subject.id,
            "report_ref": subject.report_ref,
            "source": subject.source,
            "agency": subject.agency,
            "sex": subject.sex,
            "age_band": subject.age.band,
            "as_child": subject.age.as_child,
            "kabupaten": subject.kabupaten,
            "state": subject.state,
            "offices": told,
        }
    )
