"""What becomes of a person's requests about their data."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from services.intake.commands.erasures import erase, erasing
from services.intake.domain.rights import RequestMove, RequestState, Right, RightsRequest, Telling
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Sealed, Vault, opened_for
from services.intake.schedule import answer_clock, refusals
from shared.events.intake_v1 import ErasureGranted, RequestOverdue
from shared.kernel.acting import acting, check_time
from shared.kernel.aggregate import Need
from shared.kernel.errors import Kind, Reject, invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import Timer, TimerStatus, start_timer, timer_id
from shared.kernel.work import Work

commands = Rulebook()

CLOCK = "RIGHTS_ANSWER"


class RecordRequest(BaseModel):
    """A person asked. `sealed` is what a correction wants set right."""

    model_config = ConfigDict(frozen=True)

    subject: str
    right: Right
    occurred_at: datetime
    sealed: bytes | None = None


class Corrected(BaseModel):
    """The identity with the correction in it, sealed, and the version of the vault that it was made from."""

    model_config = ConfigDict(frozen=True)

    vault_version: int
    sealed: Sealed


class MoveRequest(BaseModel):
    """A step of a request. `subject` is whom it is about."""

    model_config = ConfigDict(frozen=True)

    request: str
    subject: str
    move: RequestMove
    occurred_at: datetime
    refusal: str | None = None
    telling: Telling | None = None
    corrected: Corrected | None = None


@commands.command(RecordRequest, needs=lambda c: [Subject.ref(c.subject)])
def record_request(command: RecordRequest, work: Work) -> RightsRequest:
    """Take a request down and start its clock. An erased person has nothing left to ask about."""
    check_time(command.occurred_at, work)
    subject, actor = work.get(Subject, command.subject), acting(work)
    subject.refuse_erased()
    if (command.right is Right.CORRECTION) != (command.sealed is not None):
        raise invalid("REQUIRED" if command.right is Right.CORRECTION else "NOT_EXPECTED", "/identity")
    request = RightsRequest(
        id=work.new_id(),
        subject_ref=subject.id,
        right=command.right,
        agency=actor.agency,
        recorded_by=actor.person,
        received_at=command.occurred_at,
        due_at=answer_clock().due(command.occurred_at),
        sealed=command.sealed,
    )
    work.put(request, "REQUEST_RECEIVED", right=request.right)
    work.put(start_timer(CLOCK, request.id, request.due_at))
    return work.get(RightsRequest, request.id)


def _move_needs(command: MoveRequest) -> Iterable[Need]:
    timer = Timer.ref(timer_id(CLOCK, command.request))
    return [RightsRequest.ref(command.request), timer, *erasing(command.subject)]


@commands.command(MoveRequest, needs=_move_needs)
def move_request(command: MoveRequest, work: Work) -> RightsRequest:
    """Decide a request, note that the person was told, or lift a restriction."""
    check_time(command.occurred_at, work)
    _refuse_what_others_say(command)
    request = work.get(RightsRequest, command.request)
    request.check(command.move)
    MOVES[command.move](request, command, work)
    return work.get(RightsRequest, request.id)


def _refuse_what_others_say(command: MoveRequest) -> None:
    """A reason for a refusal beside a grant is a slip: what was meant is asked, and not guessed."""
    for name, move in SAYS.items():
        if getattr(command, name) is not None and command.move is not move:
            raise invalid("NOT_EXPECTED", f"/data/{name}")


def _grant(request: RightsRequest, command: MoveRequest, work: Work) -> None:
    decided = _decided(request, RequestState.GRANTED, work)
    GRANTS[request.right](decided, command, work)


def _refuse(request: RightsRequest, command: MoveRequest, work: Work) -> None:
    """A refusal is duty where the law says so, and names its reason (Art 33, 15)."""
    if command.refusal not in refusals():
        raise invalid("NOT_IN_LIST" if command.refusal else "REQUIRED", "/data/refusal")
    decided = _decided(request, RequestState.REFUSED, work).evolve(refusal=command.refusal)
    work.put(decided, "REQUEST_REFUSED", refusal=command.refusal)


def _tell(request: RightsRequest, command: MoveRequest, work: Work) -> None:
    """Telling is an officer's act, by voice; the platform writes to nobody."""
    if command.telling is None:
        raise invalid("REQUIRED", "/data/telling")
    work.put(request.evolve(state=RequestState.CLOSED, telling=command.telling), "PERSON_TOLD", telling=command.telling)


def _lift(request: RightsRequest, command: MoveRequest, work: Work) -> None:
    """Other restrictions of the same person go on."""
    subject = work.get(Subject, request.subject_ref)
    work.put(request.evolve(lifted_at=work.now), "RESTRICTION_LIFTED")
    others = tuple(ref for ref in subject.restrictions if ref != request.id)
    work.put(subject.evolve(restrictions=others), "RESTRICTION_LIFTED", request_ref=request.id)


def _grant_erasure(request: RightsRequest, command: MoveRequest, work: Work) -> None:
    """This controller's part ends now. Case work is asked what it needs; without a case the answer is here."""
    subject = work.get(Subject, request.subject_ref).closed_to(request.agency)
    work.put(subject, "ERASURE_GRANTED", request_ref=request.id)
    if subject.in_case_work:
        work.put(request, "REQUEST_GRANTED", right=request.right)
        granted = ErasureGranted(
            occurred_at=work.now, subject_ref=subject.id, request_ref=request.id, agency=request.agency
        )
        work.emit(granted, key=subject.id)
        return
    settle_erasure(request, subject, work)


def settle_erasure(request: RightsRequest, subject: Subject, work: Work) -> None:
    """Say what remains, and why; where nothing does, the key dies."""
    remains = subject.needs()
    work.put(request.evolve(remains=remains), "REQUEST_GRANTED", right=request.right, remains=remains)
    if not remains and subject.erased_at is None:
        erase(subject, "REQUEST", work)


def _grant_correction(request: RightsRequest, command: MoveRequest, work: Work) -> None:
    """The corrected identity replaces the old one, if nothing changed meanwhile and no hold is on it."""
    vault, corrected = work.find(Vault, request.subject_ref), command.corrected
    if corrected is None or corrected.vault_version != (vault.version if vault else 0):
        raise Reject("CHANGED_MEANWHILE", Kind.CONFLICT)
    subject = work.get(Subject, request.subject_ref)
    subject.refuse_erased()
    if subject.holds:
        raise Reject("HELD")
    work.put(opened_for(request.subject_ref, vault, corrected.sealed))
    work.put(request, "REQUEST_GRANTED", right=request.right)


def _grant_restriction(request: RightsRequest, command: MoveRequest, work: Work) -> None:
    subject = work.get(Subject, request.subject_ref)
    work.put(request, "REQUEST_GRANTED", right=request.right)
    work.put(subject.evolve(restrictions=(*subject.restrictions, request.id)), "RESTRICTED", request_ref=request.id)


MOVES = {
    RequestMove.GRANT: _grant,
    RequestMove.REFUSE: _refuse,
    RequestMove.TELL: _tell,
    RequestMove.LIFT: _lift,
}
SAYS = {"refusal": RequestMove.REFUSE, "telling": RequestMove.TELL}
"""What one step alone says."""
GRANTS = {
    Right.ERASURE: _grant_erasure,
    Right.CORRECTION: _grant_correction,
    Right.RESTRICTION: _grant_restriction,
}


def _decided(request: RightsRequest, state: RequestState, work: Work) -> RightsRequest:
    timer = work.find(Timer, timer_id(CLOCK, request.id))
    if timer is not None and timer.status is TimerStatus.RUNNING:
        work.put(timer.evolve(status=TimerStatus.STOPPED))
    return request.evolve(state=state, decided_at=work.now, decided_by=acting(work).person)


@commands.timer(CLOCK, needs=lambda timer: [RightsRequest.ref(timer.about)])
def miss_answer(timer: Timer, work: Work) -> None:
    """INVARIANT 8: the breach is an event and a mark; the request waits on as it is."""
    request, clock = work.get(RightsRequest, timer.about), answer_clock()
    if request.state is not RequestState.RECEIVED:
        return
    if timer.rung == 0:
        work.put(request.evolve(late=True), "ANSWER_OVERDUE", due_at=request.due_at)
    overdue = RequestOverdue(
        occurred_at=work.now,
        subject_ref=request.subject_ref,
        request_ref=request.id,
        agency=request.agency,
        due_at=request.due_at,
        rung=timer.rung,
    )
    work.emit(overdue, key=request.subject_ref, event_id=timer.event_id)
    if timer.rung < clock.rungs:
        work.put(timer.evolve(rung=timer.rung + 1, due_at=timer.due_at + timedelta(hours=clock.rung_every)))
