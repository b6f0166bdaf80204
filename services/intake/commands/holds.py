"""Placing, looking again at, and lifting legal holds."""

from collections.abc import Iterable
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from services.intake.commands.erasures import erase
from services.intake.domain.hold import LegalHold
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Erasure, Vault
from services.intake.schedule import holds
from shared.events.intake_v1 import HoldReviewDue
from shared.kernel.acting import acting
from shared.kernel.aggregate import Need
from shared.kernel.errors import invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import Timer, TimerStatus, start_timer, timer_id
from shared.kernel.work import Work

commands = Rulebook()

REVIEW = "HOLD_REVIEW"


class PlaceHold(BaseModel):
    """Keep these people's data. All people of a stop are held together."""

    model_config = ConfigDict(frozen=True)

    subjects: tuple[str, ...]
    basis: str


class MoveHold(BaseModel):
    """Lift a hold, or note that it was looked at and is still needed. `subjects` are those whom it holds."""

    model_config = ConfigDict(frozen=True)

    hold: str
    subjects: tuple[str, ...]
    lift: bool


@commands.command(PlaceHold, needs=lambda c: [Subject.ref(subject) for subject in c.subjects])
def place_hold(command: PlaceHold, work: Work) -> LegalHold:
    """A hold over everybody who is not erased yet."""
    basis = holds().get(command.basis)
    if basis is None:
        raise invalid("NOT_IN_LIST", "/basis")
    actor, people = acting(work), [work.get(Subject, subject) for subject in command.subjects]
    hold = LegalHold(
        id=work.new_id(),
        subjects=tuple(person.id for person in people),
        basis=basis.code,
        agency=actor.agency,
        placed_by=actor.person,
        placed_at=work.now,
        review_at=work.now + timedelta(days=basis.review_days),
    )
    for person in people:
        person.refuse_erased()
        work.put(person.evolve(holds=(*person.holds, hold.id)), "HOLD_PLACED", basis=basis.code, hold_ref=hold.id)
    work.put(hold, "HOLD_PLACED", basis=basis.code)
    work.put(start_timer(REVIEW, hold.id, hold.review_at))
    return work.get(LegalHold, hold.id)


def _move_needs(command: MoveHold) -> Iterable[Need]:
    yield from (LegalHold.ref(command.hold), Timer.ref(timer_id(REVIEW, command.hold)))
    for subject in command.subjects:
        yield from (Subject.ref(subject), Vault.ref(subject), Erasure.ref(subject))


@commands.command(MoveHold, needs=_move_needs)
def move_hold(command: MoveHold, work: Work) -> LegalHold:
    """With the last hold of a person goes the last reason to keep them, if an erasure was granted before."""
    hold = work.get(LegalHold, command.hold)
    if not command.lift:
        days = holds()[hold.basis].review_days
        hold = hold.reviewed(work.now + timedelta(days=days))
        work.put(hold, "HOLD_REVIEWED", review_at=hold.review_at)
        timer = _timer(hold, work)
        again = start_timer(REVIEW, hold.id, hold.review_at, timer.generation + 1)
        work.put(timer.evolve(**again.model_dump(include={"due_at", "generation", "rung", "status"})))
        return work.get(LegalHold, hold.id)
    work.put(hold.lifted(work.now), "HOLD_LIFTED")
    work.put(_timer(hold, work).evolve(status=TimerStatus.STOPPED))
    for ref in hold.subjects:
        _release(work.get(Subject, ref), hold.id, work)
    return work.get(LegalHold, hold.id)


def _release(subject: Subject, hold: str, work: Work) -> None:
    free = subject.evolve(holds=tuple(ref for ref in subject.holds if ref != hold))
    work.put(free, "HOLD_LIFTED", hold_ref=hold)
    if free.erasures and not free.needs() and free.erased_at is None:
        erase(free, "REQUEST", work)


def _timer(hold: LegalHold, work: Work) -> Timer:
    return work.get(Timer, timer_id(REVIEW, hold.id))


@commands.timer(REVIEW, needs=lambda timer: [LegalHold.ref(timer.about)])
def ask_review(timer: Timer, work: Work) -> None:
    """Somebody has to look again, and is told again and again; the hold stays until they say otherwise."""
    hold = work.get(LegalHold, timer.about)
    if hold.lifted_at is not None:
        return
    if not hold.review_due:
        work.put(hold.evolve(review_due=True), "HOLD_REVIEW_DUE")
    due = HoldReviewDue(
        occurred_at=work.now,
        hold_ref=hold.id,
        subject_refs=hold.subjects,
        agency=hold.agency,
        due_at=hold.review_at,
    )
    work.emit(due, key=hold.id, event_id=timer.event_id)
    again = timer.due_at + timedelta(days=holds()[hold.basis].remind_days)
    work.put(timer.evolve(rung=timer.rung + 1, due_at=again))
