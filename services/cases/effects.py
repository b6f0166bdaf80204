"""What several rules of case work do alike: announce, grant, end. Pure, like the rules themselves."""

from collections.abc import Iterable

from services.cases.domain.case import Case, Grant
from services.cases.domain.deadline import DeadlineClock
from services.cases.domain.referral import Referral
from services.cases.domain.task import Task
from services.cases.openings import end_access
from shared.events import agency_v1, case_v1
from shared.kernel.ids import derived_id
from shared.kernel.timer import Timer, TimerStatus, timer_id
from shared.kernel.work import Work
from shared.reference.agencies import agency_of

REFERRAL_ANSWER = "REFERRAL_ANSWER"
APPOINT_MANAGER = "APPOINT_MANAGER"


def announce_risk(work: Work, before: Case, after: Case) -> None:
    """Publish the case's risk where this change altered it."""
    if after.risk is not None and after.risk != before.risk:
        changed = case_v1.RiskChanged(
            occurred_at=work.occurred_at, case_ref=after.id, case_no=after.case_no, risk=after.risk
        )
        work.emit(changed, key=after.id)


def announce_opening(work: Work, before: Case, after: Case) -> None:
    """Publish that a case opened or became active, where this change did that."""
    if before.state == after.state:
        return
    at = work.occurred_at
    if after.state == "OPEN" and after.lead and after.manager:
        opened = case_v1.CaseOpened(
            occurred_at=at, case_ref=after.id, case_no=after.case_no, lead=after.lead, manager=after.manager
        )
        work.emit(opened, key=after.id)
    if after.state == "ACTIVE":
        work.emit(case_v1.CaseActivated(occurred_at=at, case_ref=after.id, case_no=after.case_no), key=after.id)


def point(work: Work, case: Case, office: str, what: str, foreign_no: str | None = None) -> None:
    """Tell an agency on its own topic that there is something to read; one without a topic sees its inbox.

    Of a sealed case an office that is not named hears nothing.
    """
    if not case.sealed_from(office):
        send_pointer(work, case.case_no, office, what, foreign_no)


def send_pointer(work: Work, case_no: str, office: str, what: str, foreign_no: str | None = None) -> None:
    """The same where it is known already that the office may hear it."""
    topic = _topic_of(office)
    if topic is None:
        return
    pointer = agency_v1.AgencyPointer(
        occurred_at=work.occurred_at, case_no=case_no, what=what, agency=office, foreign_no=foreign_no
    )
    work.emit(pointer, key=case_no, topic=topic)


def take_back(work: Work, case: Case, office: str, others: Iterable[str]) -> None:
    """Keep what has not left yet for this office's topic, unless another one of these reads the same topic."""
    topic = _topic_of(office)
    if topic is not None and all(_topic_of(other) != topic for other in others if other != office):
        work.withdraw(topic, case.case_no)


def _topic_of(office: str) -> str | None:
    topic = agency_of(office).topic
    return f"agency-{topic}" if topic else None


def breach(work: Work, referral: Referral, clock: DeadlineClock, rung: int, event_id: str) -> None:
    """Publish that a deadline passed unmet; the same firing has the same `event_id`, however often it is tried."""
    breached = case_v1.ClockBreached(
        occurred_at=work.now,
        case_ref=referral.case_ref,
        case_no=referral.case_no,
        clock_ref=clock.ref,
        referral_ref=referral.id,
        owner=referral.agency,
        sender=referral.sender,
        due_at=clock.due_at,
        rung=rung,
    )
    work.emit(breached, key=referral.case_ref, event_id=event_id)


def return_referral(work: Work, referral: Referral, reason: str) -> None:
    """Send a referral that still waits back to its sender, and stop its clock."""
    clock = referral.clock.cancelled(work.occurred_at)
    work.put(referral.closed("RETURNED", clock, work.occurred_at, reason=reason), "REFERRAL_RETURNED", reason=reason)


def end_grants(work: Work, case: Case, grants: tuple[Grant, ...], reason: str) -> Case:
    """The case without these grants; what still waits for an answer is returned.

    Their agencies are told, and see the referrals no longer.
    """
    for grant in grants:
        point(work, case, grant.agency, "ACCESS_ENDED")
        referral = work.get(Referral, grant.referral_ref)
        if referral.state == "PENDING":
            return_referral(work, referral, reason)
            stop_timer(work, referral.id)
        else:
            work.put(referral.evolve(open_to=None), "GRANT_ENDED", agency=grant.agency, reason=reason)
    after = case.ungranted(*grants)
    end_access(work, after)
    return after


def hand_tasks(work: Work, case: Case) -> None:
    """Give what is open of the manager's tasks to who manages the case now."""
    for ref in case.tasks:
        task = work.get(Task, ref)
        if task.state == "OPEN" and task.assignee != case.manager:
            work.put(task.evolve(assignee=case.manager), "TASK_ASSIGNED", assignee=case.manager)


def vacancy_id(case: Case) -> str:
    """The id of the one task to find another manager after this one."""
    return derived_id(APPOINT_MANAGER, f"{case.id}|{case.manager}")


def ask_for_manager(work: Work, case: Case) -> None:
    """A task for the leading office's supervisor, and a notice: the manager may not see the case any more. Neither
    says why."""
    task = Task(
        id=vacancy_id(case),
        kind=APPOINT_MANAGER,
        case_ref=case.id,
        agency=case.lead or case.proposed_lead,
        assignee=None,
        about=case.id,
        reason="NO_MANAGER",
    )
    known = work.find(Task, task.id)
    work.put(known.evolve(state="OPEN") if known else task, "TASK_OPENED", kind=APPOINT_MANAGER)
    aside = case_v1.ManagerStoodAside(
        occurred_at=work.occurred_at, case_ref=case.id, case_no=case.case_no, lead=task.agency
    )
    work.emit(aside, key=case.id)


def manager_found(work: Work, case: Case) -> None:
    """The task is done, if there was one."""
    task = work.find(Task, vacancy_id(case))
    if task is not None and task.state == "OPEN":
        work.put(task.evolve(state="DONE"), "TASK_DONE", kind=APPOINT_MANAGER)


def stop_timer(work: Work, referral_ref: str) -> Timer | None:
    """Stop the timer of a referral's answer; answers it as it was."""
    timer = work.find(Timer, timer_id(REFERRAL_ANSWER, referral_ref))
    if timer is not None and timer.status is TimerStatus.RUNNING:
        work.put(timer.evolve(status=TimerStatus.STOPPED))
    return timer
