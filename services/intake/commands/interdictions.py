"""Recording a stop: one event with everybody in it, and its recruiters split off at once."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.intake.commands.checks import refuse_taken
from services.intake.commands.subjects import Taken, subject_from, take_in
from services.intake.domain.age import assess_age
from services.intake.domain.interdiction import InterdictedPerson, Interdiction, check_basis, origins_of
from services.intake.domain.offices import told_of_stop
from services.intake.domain.recruiter import RecruiterArrival, RecruiterContact
from services.intake.domain.subject import Subject, stopped
from services.intake.domain.vault import Sealed, Vault, opened_for
from shared.events.intake_v1 import InterdictionRecorded
from shared.kernel.acting import acting, check_time
from shared.kernel.aggregate import Need
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work
from shared.reference.places import is_overseas

commands = Rulebook()


class Stopped(Taken):
    """One person of a stop."""

    documents: tuple[str, ...] = ()
    pretext: str | None = None
    wants_training: bool | None = None


class Journey(BaseModel):
    """Where the people were stopped, and where they were going. `checkpoint` is null on the road."""

    model_config = ConfigDict(frozen=True)

    checkpoint: str | None
    kabupaten: str
    carrier: str | None
    transport_no: str | None
    destination: str
    transit: tuple[str, ...]


class RecordInterdiction(BaseModel):
    """One stop with everybody in it. `sealed` holds what of the stop itself may not be read in the open."""

    model_config = ConfigDict(frozen=True)

    ref: str
    occurred_at: datetime
    journey: Journey
    members: tuple[str, ...]
    legal_basis: str
    claims_company: bool
    people: tuple[Stopped, ...]
    recruiters: tuple[RecruiterContact, ...]
    sealed: Sealed | None


def refs_of_stop(command: RecordInterdiction) -> Iterable[Need]:
    """The stop, and each person in it: a client may have made these references itself."""
    people = [person.ref for person in command.people]
    vaults = [Vault.ref(ref) for ref in (command.ref, *people)]
    return [Interdiction.ref(command.ref), *map(Subject.ref, people), *vaults]


@commands.command(RecordInterdiction, needs=refs_of_stop)
def record_interdiction(command: RecordInterdiction, work: Work) -> Interdiction:
    """Record a stop, take in its people, and send its recruiters to the suspects' database."""
    check_time(command.occurred_at, work)
    check_basis(command.legal_basis, command.occurred_at, command.journey.destination)
    refuse_taken(work.find(Interdiction, command.ref), "/ref")
    stop = stop_from(command, work)
    work.put(stop, "RECORDED", people=len(stop.people), recruiters=stop.recruiters)
    work.emit(recorded(stop), key=stop.id)
    if command.sealed is not None:
        work.put(opened_for(stop.id, work.find(Vault, stop.id), command.sealed))
    for index, person in enumerate(command.people):
        refuse_taken(work.find(Subject, person.ref), f"/people/{index}/ref")
        subject = subject_from(person, stop.id, "INTERDICTION", stop.kabupaten, work)
        take_in(stopped(subject, signs=person.signs), person, stop.occurred_at, work)
    for recruiter in command.recruiters:
        work.add(arrival_from(recruiter, stop))
    return work.get(Interdiction, stop.id)


def stop_from(command: RecordInterdiction, work: Work) -> Interdiction:
    """The stop as it is kept."""
    actor = acting(work)
    people = tuple(row_from(person) for person in command.people)
    offices = told_of_stop(
        origins_of(people),
        overseas=is_overseas(command.journey.destination),
        indicators=any(person.signs for person in command.people),
    )
    return Interdiction(
        id=command.ref,
        agency=actor.agency,
        recorded_by=actor.person,
        offices=offices,
        occurred_at=command.occurred_at,
        recorded_at=work.now,
        members=command.members,
        legal_basis=command.legal_basis,
        claims_company=command.claims_company,
        people=people,
        recruiters=len(command.recruiters),
        recruiter_close=any(recruiter.close for recruiter in command.recruiters),
        **command.journey.model_dump(),
    )


def row_from(person: Stopped) -> InterdictedPerson:
    """One person's row of the stop."""
    return InterdictedPerson(
        subject_ref=person.ref,
        sex=person.sex,
        age_band=assess_age(person.age).band,
        kabupaten=person.kabupaten,
        documents=person.documents,
        pretext=person.pretext,
        wants_training=person.wants_training,
    )


def arrival_from(recruiter: RecruiterContact, stop: Interdiction) -> RecruiterArrival:
    """A contact as the suspects' database gets it: with the stop, and with none of the people in it."""
    return RecruiterArrival(
        id=recruiter.ref,
        interdiction_ref=stop.id,
        agency=stop.agency,
        occurred_at=stop.occurred_at,
        recorded_at=stop.recorded_at,
        close=recruiter.close,
        **recruiter.model_dump(exclude={"ref"}),
    )


def recorded(stop: Interdiction) -> InterdictionRecorded:
    """The fact for others: counts only."""
    return InterdictionRecorded(
        occurred_at=stop.occurred_at,
        interdiction_ref=stop.id,
        agency=stop.agency,
        checkpoint=stop.checkpoint,
        destination=stop.destination,
        people=len(stop.people),
        origins=origins_of(stop.people),
        recruiters=stop.recruiters,
        offices=stop.offices,
    )
