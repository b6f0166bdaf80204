"""Keeping a member of staff out of a case in which they have an interest of their own."""

from datetime import timedelta

import pytest

from services.cases.commands import ExcludeMember, LoadMember, ReassignCase
from shared.events.staff_v1 import MemberPublished
from shared.kernel.context import Actor
from shared.kernel.errors import Reject
from shared.security.staff import Member
from tests.support.pure import NOW
from tests.unit.cases.builders import LEAD, MANAGER, opened, world

SUPERVISOR = Actor("O-29", LEAD, frozenset({"SUPERVISOR"}))
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
