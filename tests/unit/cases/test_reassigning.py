"""A case passes to another manager, with everything that belongs to it."""

from datetime import timedelta
from typing import Any

import pytest

from services.cases.commands import AcceptReferral, ReassignCase, RejectReferral, SendReferral, TakeCase
from services.cases.domain.agency_file import AgencyFile
from services.cases.domain.case import Case
from services.cases.domain.referral import Referral
from services.cases.domain.task import Task
from shared.events.notice_v1 import NoticeUndeliverable
from shared.kernel.context import Actor
from shared.kernel.errors import Reject
from shared.security.staff import Member
from tests.support.pure import NOW, World, event
from tests.unit.cases.builders import LEAD, LPSK, MANAGER, draft, emitted, opened, world

SUPERVISOR = Actor("O-29", LEAD, frozenset({"SUPERVISOR"}))


def member(person: str = "O-21", agency: str = LEAD, *roles: str, **more: object) -> Member:
    since = NOW - timedelta(days=30)
    return Member(id=person, agency=agency, roles=roles or ("CASE_MANAGER",), valid_from=since, **more)


def test_the_case_all_its_referrals_and_its_files_pass_to_the_new_manager() -> None:
    w = world([opened(), member()])
    ask = SendReferral("case-1", "P-004", "LPSK-53", "LPSK_APPLICATION", legal_basis="VITAL_INTEREST")
    turned_down = w.run(ask, MANAGER).answer
    w.run(RejectReferral(turned_down.id, "NOT_COMPETENT"), LPSK)
    taken = w.run(ask, MANAGER).answer
    w.run(AcceptReferral(taken.id, "PP.01/2026"), LPSK)

    work = w.run(ReassignCase("case-1", "O-21"), SUPERVISOR)

    parts = [slot.now for slot in w.overlay.slots.values() if isinstance(slot.now, Case | Referral | AgencyFile)]
    assert [part.manager for part in parts] == ["O-21"] * 4
    assert emitted(work) == ["ManagerChanged"]
    assert work.events[0].data.manager == "O-21"


def test_a_draft_that_changes_hands_is_announced_when_it_opens() -> None:
    work = world([draft(lead=LEAD, manager="O-20"), member()]).run(ReassignCase("case-1", "O-21"), SUPERVISOR)
    assert (work.answer.manager, emitted(work)) == ("O-21", [])


@pytest.mark.parametrize(
    "other",
    [
        member("O-21", "UPTD_PPA-53.02"),
        member("O-21", LEAD, "SUPERVISOR"),
        member("O-21", active=False),
        member("O-21", valid_to=NOW),
        member("O-99"),
    ],
)
def test_only_a_case_manager_of_the_leading_office_can_be_named(other: Member) -> None:
    with pytest.raises(Reject, match="NO_MANAGER_HERE") as refused:
        world([opened(), other]).run(ReassignCase("case-1", "O-21"), SUPERVISOR)
    assert refused.value.errors == (("/manager", "NO_MANAGER_HERE"),)


def test_a_case_that_nobody_has_or_that_the_person_has_already_cannot_be_given() -> None:
    with pytest.raises(Reject, match="NOT_TAKEN"):
        world([draft(), member()]).run(ReassignCase("case-1", "O-21"), SUPERVISOR)
    with pytest.raises(Reject, match="MANAGES_ALREADY"):
        world([opened(), member("O-20")]).run(ReassignCase("case-1", "O-20"), SUPERVISOR)


def missed(w: World, notice: str = "notice-1") -> None:
    """A notice about the case that reached nobody: somebody has to call."""
    lost = NoticeUndeliverable(
        occurred_at=NOW,
        notice_ref=notice,
        cause_id="event-0",
        case_ref="case-1",
        agency="LPSK-53",
        channel="EMAIL",
        reason="SMTP_550",
    )
    w.handle(event(lost, id_=notice))


def tasks(w: World) -> list[Any]:
    return [slot.now for slot in w.overlay.slots.values() if isinstance(slot.now, Task)]


def test_every_open_task_of_the_case_passes_to_the_new_manager() -> None:
    w = world([opened(), member()])
    missed(w)
    missed(w, "notice-2")
    assert [task.assignee for task in tasks(w)] == ["O-20", "O-20"]
    w.run(ReassignCase("case-1", "O-21"), SUPERVISOR)
    assert [task.assignee for task in tasks(w)] == ["O-21", "O-21"]


def test_a_task_that_is_done_keeps_the_name_of_who_did_it() -> None:
    w = world([opened(), member()])
    missed(w)
    [task] = tasks(w)
    w.overlay.set(task.evolve(state="DONE"))
    w.run(ReassignCase("case-1", "O-21"), SUPERVISOR)
    assert [task.assignee for task in tasks(w)] == ["O-20"]


def test_the_tasks_of_a_draft_fall_to_who_takes_it() -> None:
    w = world([draft()])
    missed(w)
    assert [task.assignee for task in tasks(w)] == [None]
    w.run(TakeCase("case-1"), MANAGER)
    assert [task.assignee for task in tasks(w)] == [MANAGER.person]
