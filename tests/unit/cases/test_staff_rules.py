"""Who may shut out, let in, and give which role."""

from datetime import timedelta

import pytest

from services.cases.catalogue import staff_roles
from services.cases.commands import (
    AppointAdministrator,
    ChangeMember,
    EmployMember,
    LoadMember,
    ReinstateMember,
    ReinstateOffice,
    SuspendMember,
    SuspendOffice,
)
from services.cases.commands import commands as book
from services.cases.domain.staff import StaffRole
from shared.events.staff_v1 import MemberPublished, OfficePublished
from shared.kernel.context import Actor
from shared.kernel.errors import Reject
from shared.reference.roles import ROLES
from shared.security.staff import Member, Office
from tests.support.pure import NOW, World

UPTD = "UPTD_PPA-53.71"
ADMIN = Actor("O-90", UPTD, frozenset({"AGENCY_ADMIN"}))
DPO = Actor("O-99", "GT_PROV-53", frozenset({"DPO"}))


def published(person: str = "O-22", agency: str = UPTD, roles: tuple[str, ...] = ("CASE_MANAGER",)) -> MemberPublished:
    return MemberPublished(occurred_at=NOW, person=person, agency=agency, roles=roles, valid_from=NOW)


def member(person: str = "O-22", roles: tuple[str, ...] = ("CASE_MANAGER",), **more: object) -> Member:
    usual: dict[str, object] = {"id": person, "agency": UPTD, "roles": roles, "valid_from": NOW, "version": 1}
    return Member.model_validate(usual | more)


def change(person: str = "O-22", **more: object) -> ChangeMember:
    usual: dict[str, object] = {
        "roles": ("CASE_MANAGER",),
        "unit": None,
        "kabupaten": (),
        "language": "id",
        "valid_to": None,
    }
    return ChangeMember(person=person, **(usual | more))  # type: ignore[arg-type]


def told(work: object) -> list[object]:
    """What was published."""
    return [emitted.data for emitted in work.events]  # type: ignore[attr-defined]


def refusal(world: World, command: object, actor: Actor | None) -> str:
    with pytest.raises(Reject) as caught:
        world.run(command, actor)
    return caught.value.code


def test_an_administrator_employs_in_their_own_agency_only() -> None:
    world = World(book)
    [event] = told(world.run(EmployMember(published()), ADMIN))
    assert event == published()
    assert refusal(world, EmployMember(published("O-23", "LPSK-53")), ADMIN) == "NOT_YOUR_AGENCY"
    assert refusal(world, EmployMember(published()), ADMIN) == "PERSON_KNOWN"


@pytest.mark.parametrize(
    ("roles", "code"),
    [
        (("POSKO_OFFICER",), "ROLE_NOT_OF_THIS_AGENCY"),
        (("WIZARD",), "UNKNOWN_ROLE"),
        (("AGENCY_ADMIN",), "ROLE_GIVEN_BY_OPERATOR"),
        (("DPO",), "ROLE_GIVEN_BY_OPERATOR"),
    ],
)
def test_an_administrator_gives_only_roles_that_are_theirs_to_give(roles: tuple[str, ...], code: str) -> None:
    assert refusal(World(book), EmployMember(published(roles=roles)), ADMIN) == code
    assert refusal(World(book, [member()]), change(roles=roles), ADMIN) == code


def test_an_auditor_stays_one_whatever_the_administrator_changes() -> None:
    world = World(book, [member(roles=("AUDITOR",))])
    assert refusal(world, change(roles=("SUPERVISOR",)), ADMIN) == "ROLE_GIVEN_BY_OPERATOR"
    world.run(change(roles=("SUPERVISOR", "AUDITOR")), ADMIN)


def test_nobody_changes_or_shuts_out_themselves() -> None:
    world = World(book, [member("O-90", ("AGENCY_ADMIN",))])
    assert refusal(world, change("O-90", roles=("AGENCY_ADMIN", "SUPERVISOR")), ADMIN) == "NOT_ONESELF"
    assert refusal(world, SuspendMember("O-90", "DEVICE_LOST"), ADMIN) == "NOT_ONESELF"
    assert refusal(world, SuspendOffice(UPTD, "BREACH_CONTAINED"), ADMIN) == "NOT_ONES_OWN_OFFICE"


def test_who_is_shut_out_is_published_as_inactive_without_the_reason() -> None:
    world = World(book, [member()])
    [event] = told(world.run(SuspendMember("O-22", "MISUSE_SUSPECTED"), DPO))
    assert isinstance(event, MemberPublished)
    assert event.active is False
    assert "MISUSE" not in event.model_dump_json()
    [again] = told(world.run(ReinstateMember("O-22"), DPO))
    assert isinstance(again, MemberPublished)
    assert again.active is True
    assert refusal(world, ReinstateMember("O-22"), DPO) == "NOT_SUSPENDED"


def test_loading_the_roster_lets_nobody_in_who_was_shut_out() -> None:
    world = World(book, [member()])
    world.run(SuspendMember("O-22", "MISUSE_SUSPECTED"), DPO)
    assert told(world.run(LoadMember(published()))) == []
    assert world.overlay.current(Member.ref("O-22")).active is False  # type: ignore[union-attr]


def test_an_unknown_reason_is_no_reason() -> None:
    world = World(book, [member()])
    assert refusal(world, SuspendMember("O-22", "BECAUSE"), DPO) == "UNKNOWN_REASON"
    assert refusal(world, SuspendOffice("LPSK-53", ""), DPO) == "UNKNOWN_REASON"


def test_service_cannot_end_before_it_began() -> None:
    assert refusal(World(book, [member()]), change(valid_to=NOW - timedelta(days=1)), ADMIN) == "ENDS_BEFORE_IT_BEGINS"


def test_an_office_is_shut_out_once_and_let_in_once() -> None:
    world = World(book)
    assert told(world.run(SuspendOffice("LPSK-53", "BREACH_CONTAINED"), DPO)) == [
        OfficePublished(occurred_at=NOW, agency="LPSK-53", suspended=True)
    ]
    assert told(world.run(SuspendOffice("LPSK-53", "BREACH_CONTAINED"), DPO)) == []
    assert told(world.run(ReinstateOffice("LPSK-53"), DPO)) == [
        OfficePublished(occurred_at=NOW, agency="LPSK-53", suspended=False)
    ]
    assert refusal(world, ReinstateOffice("LPSK-53"), DPO) == "NOT_SUSPENDED"
    assert refusal(world, SuspendOffice("MARS-53", "BREACH_CONTAINED"), DPO) == "UNKNOWN_AGENCY"
    assert isinstance(world.overlay.current(Office.ref("LPSK-53")), Office)


def test_the_operator_makes_the_first_administrator_and_keeps_other_roles() -> None:
    world = World(book, [member()])
    [new] = told(world.run(AppointAdministrator("O-90", UPTD)))
    assert isinstance(new, MemberPublished)
    assert new.roles == ("AGENCY_ADMIN",)
    [both] = told(world.run(AppointAdministrator("O-22", UPTD)))
    assert isinstance(both, MemberPublished)
    assert both.roles == ("AGENCY_ADMIN", "CASE_MANAGER")
    assert refusal(world, AppointAdministrator("O-22", "LPSK-53"), None) == "WORKS_ELSEWHERE"


def test_every_role_but_the_platform_operators_is_somebodys_to_give_and_has_its_words_from_the_one_list() -> None:
    assert set(staff_roles()) == set(ROLES) - {"OPERATOR"}
    assert not {"label", "label_id"} & set(StaffRole.model_fields)
