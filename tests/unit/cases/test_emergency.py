"""Access in an emergency: opened at once, told of at once, over in fifteen minutes, looked at by somebody else."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.cases.catalogue import legal_bases
from services.cases.commands import EndEmergency, OpenInEmergency, ReviewEmergency, SealCase
from services.cases.commands.emergency import EMERGENCY_REVIEW, review_task_id
from services.cases.domain.case import Case
from services.cases.domain.emergency import EmergencyAccess
from services.cases.domain.task import Task
from services.cases.domain.workdays import after_working_days
from services.cases.permissions import policies
from shared.events.case_v1 import EmergencyOpened, EmergencyReviewMissed
from shared.events.staff_v1 import AccessPublished
from shared.kernel.clock import WITA
from shared.kernel.context import Actor
from shared.kernel.errors import Reject
from shared.kernel.timer import Timer, TimerStatus, timer_id
from shared.security.access import Access
from shared.security.policy.asking import Asking
from shared.security.staff import Member
from tests.support.pure import NOW, World
from tests.unit.cases.builders import LEAD, MANAGER, opened, world

DOCTOR = Actor("O-70", "RS-53.71", frozenset({"AGENCY_OFFICER"}))
DPO = Actor("O-90", "DPO-53", frozenset({"DPO"}))
MINUTES = timedelta(minutes=15)


def manager(**changes: Any) -> Member:
    usual = Member(id="O-20", agency=LEAD, roles=("CASE_MANAGER",), valid_from=NOW - timedelta(days=30), version=1)
    return usual.evolve(**changes)


def used(w: World, actor: Actor = DOCTOR) -> EmergencyAccess:
    emergency = w.run(OpenInEmergency("case-1", "LIFE_IN_DANGER"), actor).answer
    assert isinstance(emergency, EmergencyAccess)
    return emergency


def task(w: World, id_: str) -> Task:
    found = w.overlay.current(Task.ref(id_))
    assert isinstance(found, Task)
    return found


def test_it_opens_everything_but_places_of_shelter_for_fifteen_minutes() -> None:
    work = world([opened(), manager()]).run(OpenInEmergency("case-1", "LIFE_IN_DANGER"), DOCTOR)
    [published] = [each.data for each in work.events if isinstance(each.data, AccessPublished)]
    [line] = published.opened
    assert (published.grantee, line.refs, line.until - line.since) == ("person|O-70", ("case-1", "P-004"), MINUTES)
    assert (line.classes, line.emergency, line.agency) == (("C1", "C2", "C3", "C4"), True, "RS-53.71")


def test_the_data_protection_officer_and_the_manager_are_told_in_the_same_transaction() -> None:
    w = world([opened(), manager()])
    work = w.run(OpenInEmergency("case-1", "LIFE_IN_DANGER"), DOCTOR)
    [told] = [each.data for each in work.events if isinstance(each.data, EmergencyOpened)]
    assert (told.tell, told.lead, told.person, told.agency) == ("DPO-53", LEAD, "O-70", "RS-53.71")
    emergency = work.answer
    review, looks = task(w, review_task_id(emergency.id)), task(w, emergency.manager_task)
    assert (review.agency, review.case_ref, review.about) == ("DPO-53", None, emergency.id)
    assert (looks.agency, looks.case_ref, looks.assignee) == (LEAD, "case-1", "O-20")
    case = w.overlay.current(Case.ref("case-1"))
    assert isinstance(case, Case)
    assert looks.id in case.tasks


@pytest.mark.parametrize(
    ("changes", "actor"),
    [({"excluded": ("case-1",)}, DOCTOR), ({"active": False}, DOCTOR), ({}, MANAGER)],
    ids=["has-an-interest", "is-gone", "opened-it"],
)
def test_where_the_manager_cannot_be_the_one_who_looks_others_of_the_office_are(
    changes: dict[str, Any], actor: Actor
) -> None:
    w = world([opened(), manager(**changes)])
    looks = task(w, used(w, actor).manager_task)
    assert (looks.agency, looks.assignee) == (LEAD, None)


def test_the_reason_is_one_of_the_list() -> None:
    with pytest.raises(Reject, match="UNKNOWN_REASON"):
        world([opened(), manager()]).run(OpenInEmergency("case-1", "CURIOUS"), DOCTOR)


def test_a_case_that_was_sealed_a_moment_ago_is_unknown() -> None:
    w = world([opened(), manager(), manager(id="O-29", roles=("SUPERVISOR",))])
    w.run(SealCase("case-1", ("O-29",), (), "THREAT"), MANAGER)
    with pytest.raises(Reject, match="UNKNOWN_CASE") as refused:
        used(w)
    assert refused.value.kind == "UNKNOWN"


def test_whoever_reviews_is_somebody_else_and_does_it_once() -> None:
    w = world([opened(), manager()])
    emergency = used(w)
    with pytest.raises(Reject, match="NOT_ONESELF"):
        w.run(ReviewEmergency(emergency.id, "JUSTIFIED"), DOCTOR)
    with pytest.raises(Reject, match="UNKNOWN_OUTCOME"):
        w.run(ReviewEmergency(emergency.id, "FINE"), DPO)
    reviewed = w.run(ReviewEmergency(emergency.id, "NOT_JUSTIFIED"), DPO).answer
    assert (reviewed.state, reviewed.outcome, reviewed.reviewed_by) == ("REVIEWED", "NOT_JUSTIFIED", "O-90")
    assert reviewed.review.status == "MET"
    for id_ in (review_task_id(emergency.id), emergency.manager_task):
        assert task(w, id_).state == "DONE"
    timer = w.overlay.current(Timer.ref(timer_id(EMERGENCY_REVIEW, emergency.id)))
    assert isinstance(timer, Timer)
    assert timer.status is TimerStatus.STOPPED
    with pytest.raises(Reject, match="REVIEWED_ALREADY"):
        w.run(ReviewEmergency(emergency.id, "JUSTIFIED"), DPO)


def test_a_review_that_nobody_makes_is_told_and_stays_owed() -> None:
    w = world([opened(), manager()])
    emergency = used(w)
    timer = w.overlay.current(Timer.ref(timer_id(EMERGENCY_REVIEW, emergency.id)))
    assert isinstance(timer, Timer)
    w.now = timer.due_at
    work = w.fire(timer)
    [missed] = [each.data for each in work.events]
    assert isinstance(missed, EmergencyReviewMissed)
    assert (missed.tell, missed.emergency_ref) == ("DPO-53", emergency.id)
    w.now += timedelta(hours=1)
    late = w.run(ReviewEmergency(emergency.id, "JUSTIFIED"), DPO).answer
    assert (late.state, late.review.status) == ("REVIEWED", "BREACHED")


def test_it_can_be_shut_before_its_time_and_not_after() -> None:
    w = world([opened(), manager()])
    emergency = used(w)
    work = w.run(EndEmergency(emergency.id), DPO)
    assert work.answer.until == NOW
    access = w.overlay.current(Access.ref("person|O-70"))
    assert isinstance(access, Access)
    assert access.opened == ()
    with pytest.raises(Reject, match="ENDED_ALREADY"):
        w.run(EndEmergency(emergency.id), DPO)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-05-14T13:20:00", "2026-05-20T00:00:00"),  # Thursday: Friday, Monday, Tuesday
        ("2026-05-15T23:59:59", "2026-05-21T00:00:00"),  # Friday: Monday to Wednesday
        ("2026-05-16T00:00:00", "2026-05-21T00:00:00"),  # Saturday
        ("2026-05-18T00:00:00", "2026-05-22T00:00:00"),  # Monday: Tuesday to Thursday
    ],
)
def test_three_working_days_end_at_midnight_here(start: str, due: str) -> None:
    begun = datetime.fromisoformat(start).replace(tzinfo=WITA)
    assert after_working_days(begun, 3) == datetime.fromisoformat(due).replace(tzinfo=WITA)


def test_thirty_working_days_as_the_task_force_counts_them() -> None:
    begun = datetime(2026, 2, 2, 9, tzinfo=WITA)
    assert after_working_days(begun, 30) == datetime(2026, 3, 17, tzinfo=WITA)


def test_it_is_for_those_agencies_towards_which_a_vital_interest_is_a_ground() -> None:
    towards = set(legal_bases()["VITAL_INTEREST"].towards)
    for agency in ("LPSK", "BP3MI", "UPTD_PPA", "PPT", "DINSOS", "KEMENSOS", "DINKES", "RS", "POLRI", "CSO", "PEMDES"):
        actor = Actor("O-70", f"{agency}-53.71", frozenset({"AGENCY_OFFICER"}))
        [decision] = policies().decide(Asking(actor, NOW), "emergency.open", [opened()])
        assert decision.allowed == (agency in towards), agency
