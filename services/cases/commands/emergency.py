"""Access in an emergency: opened at once, told of at once, looked at by somebody else afterwards."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from services.cases.catalogue import access_limits, deadline, emergency_outcomes, emergency_reasons
from services.cases.domain.case import Case
from services.cases.domain.deadline import start_clock
from services.cases.domain.emergency import EmergencyAccess
from services.cases.domain.task import Task
from services.cases.openings import publish
from shared.events.case_v1 import EmergencyOpened
from shared.kernel.acting import acting
from shared.kernel.aggregate import Need
from shared.kernel.errors import Kind, Reject, invalid
from shared.kernel.ids import derived_id
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import Timer, TimerStatus, start_timer, timer_id
from shared.kernel.work import Work
from shared.security.access import grantee_of
from shared.security.audit.watch import watch_list
from shared.security.staff import Member, to_actor

commands = Rulebook()

EMERGENCY_REVIEW = "EMERGENCY_REVIEW"


@dataclass(frozen=True, slots=True)
class OpenInEmergency:
    """Open a case to oneself for a few minutes."""

    case: str
    reason: str


@dataclass(frozen=True, slots=True)
class EndEmergency:
    """Shut it before its time."""

    emergency: str


@dataclass(frozen=True, slots=True)
class ReviewEmergency:
    """Say what is to be thought of it."""

    emergency: str
    outcome: str


def _opening_needs(command: OpenInEmergency) -> Iterable[Need]:
    yield Case.ref(command.case).then(lambda case: Member.ref(case.manager) if case and case.manager else None)


@commands.command(OpenInEmergency, needs=_opening_needs)
def open_in_emergency(command: OpenInEmergency, work: Work) -> EmergencyAccess:
    """It holds here at once and in intake as soon as intake hears of it. The data protection officer and the case's
    manager are told with the same transaction; where the manager is who opens it, or may not see the case, the leading
    office's others are."""
    if command.reason not in emergency_reasons():
        raise invalid("UNKNOWN_REASON", "/reason")
    case = work.get(Case, command.case)
    if case.seal is not None:  # sealed since it was found
        raise Reject("UNKNOWN_CASE", Kind.UNKNOWN)
    emergency = _emergency(command, case, work)
    work.put(emergency, "EMERGENCY_ACCESS", reason=command.reason)
    publish(work, grantee_of("", emergency.person, None), lambda access: access.with_(emergency.opens, work.now))
    work.put(start_timer(EMERGENCY_REVIEW, emergency.id, emergency.review.due_at))
    _ask_for_review(emergency, case, work)
    work.emit(_opened(emergency, case, work), key=case.id)
    return work.get(EmergencyAccess, emergency.id)


@commands.command(EndEmergency, needs=lambda c: [EmergencyAccess.ref(c.emergency)])
def end_emergency(command: EndEmergency, work: Work) -> EmergencyAccess:
    """From now on it opens nothing here, and within five seconds nothing anywhere."""
    emergency = work.get(EmergencyAccess, command.emergency)
    work.put(emergency.ended(work.now), "EMERGENCY_ENDED")
    publish(work, grantee_of("", emergency.person, None), lambda access: access.without(emergency.id))
    return work.get(EmergencyAccess, emergency.id)


@commands.command(ReviewEmergency, needs=lambda c: [EmergencyAccess.ref(c.emergency)])
def review_emergency(command: ReviewEmergency, work: Work) -> EmergencyAccess:
    """Nobody reviews their own; what was not justified is a breach to be recorded by the reviewer."""
    if command.outcome not in emergency_outcomes():
        raise invalid("UNKNOWN_OUTCOME", "/outcome")
    emergency = work.get(EmergencyAccess, command.emergency)
    reviewed = emergency.reviewed(command.outcome, acting(work).person, work.now)
    work.put(reviewed, "EMERGENCY_REVIEWED", outcome=command.outcome)
    for ref in (review_task_id(emergency.id), emergency.manager_task):
        work.put(work.get(Task, ref).evolve(state="DONE"), "TASK_DONE")
    timer = work.find(Timer, timer_id(EMERGENCY_REVIEW, emergency.id))
    if timer is not None and timer.status is TimerStatus.RUNNING:
        work.put(timer.evolve(status=TimerStatus.STOPPED))
    return work.get(EmergencyAccess, emergency.id)


def review_task_id(emergency: str) -> str:
    """The id of the task to review it."""
    return derived_id("REVIEW_EMERGENCY", emergency)


def _emergency(command: OpenInEmergency, case: Case, work: Work) -> EmergencyAccess:
    actor, id_ = acting(work), work.new_id()
    return EmergencyAccess(
        id=id_,
        case_ref=case.id,
        case_no=case.case_no,
        refs=(case.id, *(person.subject_ref for person in case.persons)),
        person=actor.person,
        agency=actor.agency,
        reason=command.reason,
        opened_at=work.now,
        until=work.now + timedelta(minutes=access_limits().emergency_minutes),
        tell=watch_list().tell,
        manager_task=work.new_id(),
        review=start_clock(deadline(EMERGENCY_REVIEW), f"{id_}-review", work.now, None),
    )


def _ask_for_review(emergency: EmergencyAccess, case: Case, work: Work) -> None:
    """One task for the data protection officer, which names no case, and one by which the manager hears of it."""
    told, by = _manager_to_tell(emergency, case, work), {"about": emergency.id, "reason": emergency.reason}
    review = Task(
        id=review_task_id(emergency.id),
        kind="REVIEW_EMERGENCY",
        case_ref=None,
        agency=emergency.tell,
        assignee=None,
        **by,
    )
    used = Task(
        id=emergency.manager_task,
        kind="EMERGENCY_USED",
        case_ref=case.id,
        agency=case.lead or case.proposed_lead,
        assignee=told,
        **by,
    )
    for task in (review, used):
        work.put(task, "TASK_OPENED", kind=task.kind)
    after = case.with_task(used.id) if told else case
    work.put(after, "EMERGENCY_ACCESS", emergency_ref=emergency.id, reason=emergency.reason)


def _manager_to_tell(emergency: EmergencyAccess, case: Case, work: Work) -> str | None:
    """The manager, unless they opened it themselves, are gone, or have an interest of their own."""
    member = work.find(Member, case.manager) if case.manager else None
    actor = to_actor(member, work.now) if member else None
    if actor is None or actor.person == emergency.person or case.id in actor.excluded:
        return None
    return actor.person


def _opened(emergency: EmergencyAccess, case: Case, work: Work) -> EmergencyOpened:
    return EmergencyOpened(
        occurred_at=work.now,
        emergency_ref=emergency.id,
        case_ref=case.id,
        case_no=case.case_no,
        person=emergency.person,
        agency=emergency.agency,
        lead=case.lead or case.proposed_lead,
        tell=emergency.tell,
        due_at=emergency.review.due_at,
    )
