"""Keeping a member of staff out of a case in which they have an interest of their own."""

from datetime import timedelta

import pytest

from services.cases.commands import DeclareInterest, ExcludeMember, LoadMember, ReadmitMember, ReassignCase
from services.cases.domain.task import Task
from shared.events.staff_v1 import MemberPublished
from shared.kernel.context import Actor
from shared.kernel.errors import Reject
from shared.kernel.work import Work
from shared.security.staff import Member
from tests.support.pure import NOW, World
from tests.unit.cases.builders import LEAD, MANAGER, emitted, opened, world

SUPERVISOR = Actor("O-29", LEAD, frozenset({"SUPERVISOR"}))
DECLARED = DeclareInterest("case-1", "O-20", "RELATIVE")
SINCE = NOW - timedelta(days=30)


def member(person: str = "O-21") -> Member:
    return Member(id=person, agency=LEAD, roles=("CASE_MANAGER",), valid_from=SINCE, version=1)


def test_the_case_and_its_people_are_told_of_to_every_service() -> None:
    work = world([opened(), member()]).run(ExcludeMember("case-1", "O-21", "RELATIVE"), MANAGER)
    [told] = [emitted.data for emitted in work.events]
    assert isinstance(told, MemberPublished)
    assert {"case-1", "P-004"} <= set(told.excluded)
    assert "RELATIVE" not in told.model_dump_json()


def test_what_was_kept_from_somebody_before_stays_so() -> None:
    w = world([opened(), member().evolve(excluded=("case-0",))])
    w.run(ExcludeMember("case-1", "O-21", "RELATIVE"), MANAGER)
    roster = MemberPublished(occurred_at=NOW, person="O-21", agency=LEAD, roles=("SUPERVISOR",), valid_from=SINCE)
    w.run(LoadMember(roster))
    kept = w.overlay.current(Member.ref("O-21"))
    assert isinstance(kept, Member)
    assert (kept.roles, {"case-0", "case-1"} <= set(kept.excluded)) == (("SUPERVISOR",), True)


def test_a_manager_gives_the_case_on_before_they_are_kept_out() -> None:
    with pytest.raises(Reject, match="MANAGES_THE_CASE"):
        world([opened(), member("O-20")]).run(ExcludeMember("case-1", "O-20", "RELATIVE"), SUPERVISOR)


def test_nobody_becomes_manager_of_what_is_kept_from_them() -> None:
    w = world([opened(), member()])
    w.run(ExcludeMember("case-1", "O-21", "ACCUSED"), MANAGER)
    with pytest.raises(Reject, match="NO_MANAGER_HERE"):
        w.run(ReassignCase("case-1", "O-21"), SUPERVISOR)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (ExcludeMember("case-1", "O-99", "RELATIVE"), "UNKNOWN_PERSON"),
        (ExcludeMember("case-1", "O-21", "BECAUSE"), "UNKNOWN_REASON"),
    ],
)
def test_person_and_reason_are_known_ones(command: ExcludeMember, code: str) -> None:
    with pytest.raises(Reject, match=code):
        world([opened(), member()]).run(command, MANAGER)


def declared(w: World, person: str = "O-21", by: Actor | None = None) -> Work:
    return w.run(DeclareInterest("case-1", person, "RELATIVE"), by or Actor(person, LEAD, frozenset()))


def kept_from(w: World, person: str) -> set[str]:
    found = w.overlay.current(Member.ref(person))
    assert isinstance(found, Member)
    return set(found.excluded)


def test_who_declares_an_interest_is_kept_out_like_anybody_else() -> None:
    w = world([opened(), member()])
    assert emitted(declared(w)) == ["MemberPublished"]
    assert kept_from(w, "O-21") == {"case-1", "P-004"}


def test_a_manager_who_declares_is_kept_out_at_once_and_another_is_asked_for_without_a_reason() -> None:
    w = world([opened(), member("O-20")])
    work = declared(w, "O-20")
    assert emitted(work) == ["MemberPublished", "ManagerStoodAside"]
    assert kept_from(w, "O-20") == {"case-1", "P-004"}
    [task] = [found for found in work.changed.values() if isinstance(found, Task)]
    assert (task.kind, task.agency, task.assignee, task.state) == ("APPOINT_MANAGER", LEAD, None, "OPEN")
    assert "RELATIVE" not in task.model_dump_json() + work.events[1].data.model_dump_json()


def test_naming_another_manager_ends_the_task() -> None:
    w = world([opened(), member("O-20"), member("O-21")])
    [task] = [found for found in declared(w, "O-20").changed.values() if isinstance(found, Task)]
    w.run(ReassignCase("case-1", "O-21"), SUPERVISOR)
    done = w.overlay.current(Task.ref(task.id))
    assert isinstance(done, Task)
    assert done.state == "DONE"


def test_who_is_let_in_again_sees_the_case_and_its_people_and_stays_out_of_others() -> None:
    w = world([opened(), member().evolve(excluded=("case-0", "P-003"))])
    w.run(ExcludeMember("case-1", "O-21", "ACCUSED"), MANAGER)
    work = w.run(ReadmitMember("case-1", "O-21", "NOTHING_FOUND"), SUPERVISOR)
    assert (kept_from(w, "O-21"), emitted(work)) == ({"case-0", "P-003"}, ["MemberPublished"])


def test_a_manager_who_is_let_in_again_manages_on() -> None:
    w = world([opened(), member("O-20")])
    states = []
    for input_ in (DECLARED, ReadmitMember("case-1", "O-20", "NAMED_IN_ERROR"), DECLARED):
        w.run(input_, SUPERVISOR)
        states += [slot.now.state for slot in w.overlay.slots.values() if isinstance(slot.now, Task)]
    assert states == ["OPEN", "DONE", "OPEN"], "one task for one manager, however often"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (ReadmitMember("case-1", "O-29", "NAMED_IN_ERROR"), "NOT_ONESELF"),
        (ReadmitMember("case-1", "O-21", "NAMED_IN_ERROR"), "NOT_KEPT_OUT"),
        (ReadmitMember("case-1", "O-21", "RELATIVE"), "UNKNOWN_REASON"),
        (ReadmitMember("case-1", "O-99", "NAMED_IN_ERROR"), "UNKNOWN_PERSON"),
        (DeclareInterest("case-1", "O-29", "BECAUSE"), "UNKNOWN_REASON"),
    ],
)
def test_the_way_back_has_a_second_person_and_a_reason(command: object, code: str) -> None:
    with pytest.raises(Reject, match=code):
        world([opened(), member(), member("O-29")]).run(command, SUPERVISOR)
