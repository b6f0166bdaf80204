"""Sealing a case: for whom alone it is there, and what ends with it."""

from datetime import timedelta
from typing import Any

import pytest

from services.cases.commands import AcceptReferral, ReassignCase, SealCase, SendReferral, UnsealCase
from services.cases.domain.agency_file import AgencyFile, new_file
from services.cases.domain.case import Case
from services.cases.domain.referral import Referral
from services.cases.workflows import workflow_of
from shared.events.agency_v1 import AgencyPointer
from shared.events.case_v1 import SealMade
from shared.events.partner_v1 import ProtectionSubmitted
from shared.events.staff_v1 import SealPublished
from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor
from shared.kernel.errors import Reject
from shared.security.seals import Seal, sealed_from
from shared.security.staff import Member
from tests.support.pure import NOW, World, event
from tests.unit.cases.builders import LEAD, LPSK, MANAGER, lpsk_consents, opened, world

SUPERVISOR = Actor("O-29", LEAD, frozenset({"SUPERVISOR"}))
SINCE = NOW - timedelta(days=30)


def member(person: str, agency: str = LEAD, role: str = "CASE_MANAGER") -> Member:
    return Member(id=person, agency=agency, roles=(role,), valid_from=SINCE, version=1)


STAFF = (
    member("O-20"),
    member("O-21"),
    member("O-29", role="SUPERVISOR"),
    member("O-51", "LPSK-53", "AGENCY_OFFICER"),
)


def a_world(*given: Aggregate, case: Case | None = None) -> World:
    return world([case or opened(), *STAFF, *given, *lpsk_consents()])


def referred(w: World) -> Referral:
    sent = w.run(SendReferral("case-1", "P-004", "LPSK-53", "LPSK_APPLICATION"), MANAGER).answer
    assert isinstance(sent, Referral)
    return sent


def seal(*people: str, offices: tuple[str, ...] = (), reason: str = "WITNESS_PROTECTION") -> SealCase:
    return SealCase("case-1", people, offices, reason)


def of(kind: type[Any], work: Any) -> list[Any]:
    return [emitted.data for emitted in work.events if isinstance(emitted.data, kind)]


def pointers(work: Any) -> list[tuple[str, str]]:
    return [(pointer.agency, pointer.what) for pointer in of(AgencyPointer, work)]


def test_every_reference_of_the_case_is_told_of_with_those_named_and_without_the_reason() -> None:
    w = a_world()
    referral = referred(w)
    work = w.run(seal("O-29", offices=("LPSK-53",)), MANAGER)
    told = {each.ref: each for each in of(SealPublished, work)}
    assert told.keys() == {"case-1", "P-004", referral.id}
    assert {each.people for each in told.values()} == {("O-20", "O-29")}, "the manager is named without being asked"
    assert {each.offices for each in told.values()} == {("LPSK-53",)}
    assert all("WITNESS" not in each.model_dump_json() for each in told.values())
    [made] = of(SealMade, work)
    assert made.seal_ref == told["case-1"].seal_ref
    assert "case-1" not in made.model_dump_json(), "the officer is told of a seal, not of a case"


def test_those_not_named_may_not_know_of_it() -> None:
    w = a_world()
    w.run(seal("O-29"), MANAGER)
    seals = [slot.now for (kind, _), slot in w.overlay.slots.items() if kind is Seal and slot.now]
    assert sealed_from("O-21", LEAD, seals) == {"case-1", "P-004"}  # type: ignore[arg-type]
    assert sealed_from("O-29", LEAD, seals) == frozenset()  # type: ignore[arg-type]
    w.run(UnsealCase("case-1", "DANGER_OVER"), SUPERVISOR)
    seals = [slot.now for (kind, _), slot in w.overlay.slots.items() if kind is Seal and slot.now]
    assert sealed_from("O-21", LEAD, seals) == frozenset()  # type: ignore[arg-type]


def test_the_sight_of_an_agency_that_is_not_named_ends_and_what_waits_for_it_is_taken_back() -> None:
    w = a_world()
    referral = referred(w)
    work = w.run(seal("O-29"), MANAGER)
    assert work.withdrawn == {("agency-lpsk", "NTT-2026-048213")}
    assert pointers(work) == [("LPSK-53", "ACCESS_ENDED")]
    case, after = w.overlay.current(Case.ref("case-1")), w.overlay.current(Referral.ref(referral.id))
    assert isinstance(case, Case)
    assert isinstance(after, Referral)
    assert (case.grants, after.state, after.open_to, after.reason) == ((), "RETURNED", None, "SEALED")


def test_an_agency_named_as_a_whole_notices_nothing() -> None:
    w = a_world()
    referral = referred(w)
    work = w.run(seal("O-29", offices=("LPSK-53",)), MANAGER)
    assert (work.withdrawn, pointers(work)) == (set(), [])
    accepted = w.run(AcceptReferral(referral.id, "PP.01/2026"), LPSK)
    assert pointers(accepted) == [("LPSK-53", "FILE_CHANGED")]


def test_where_one_person_of_an_agency_is_named_its_systems_hear_that_it_ended() -> None:
    w = a_world()
    referral = referred(w)
    work = w.run(seal("O-51"), MANAGER)
    assert (work.withdrawn, pointers(work)) == (
        {("agency-lpsk", "NTT-2026-048213")},
        [("LPSK-53", "ACCESS_ENDED")],
    )
    assert pointers(w.run(AcceptReferral(referral.id, "PP.01/2026"), LPSK)) == [], "and nothing from then on"


def fact() -> Any:
    return event(
        ProtectionSubmitted(occurred_at=NOW, foreign_no="PP.01/2026", case_no="NTT-2026-048213", applicant="VICTIM"),
        source="/partner/lpsk",
    )


@pytest.mark.parametrize("began", [True, False])
def test_an_agencys_fact_about_a_case_sealed_from_it_is_one_about_no_case(began: bool) -> None:
    file = new_file("file-1", opened(), "LPSK-53", "PP.01/2026", workflow_of("LPSK")).evolve(version=1)
    w = a_world(*([file] if began else []), case=opened(files=("file-1",) if began else ()))
    work = w.run(seal("O-29"), MANAGER)
    assert pointers(work) == ([("LPSK-53", "ACCESS_ENDED")] if began else []), "whose file it has must delete it too"
    with pytest.raises(Reject, match="UNKNOWN_REFERENCE"):
        w.handle(fact())
    w.run(UnsealCase("case-1", "DANGER_OVER"), SUPERVISOR)
    if began:
        w.handle(fact())
        told = w.overlay.current(AgencyFile.ref("file-1"))
        assert isinstance(told, AgencyFile)
        assert len(told.facts) == 1


def test_nobody_is_asked_into_a_sealed_case_who_is_not_named() -> None:
    w = a_world()
    w.run(seal("O-29"), MANAGER)
    with pytest.raises(Reject, match="NOT_NAMED"):
        referred(w)
    w.run(seal("O-29", offices=("LPSK-53",)), MANAGER)
    assert referred(w).agency == "LPSK-53"


def test_with_the_case_the_next_manager_is_named_in_the_former_ones_place() -> None:
    w = a_world()
    w.run(seal("O-29"), MANAGER)
    work = w.run(ReassignCase("case-1", "O-21"), SUPERVISOR)
    assert {each.people for each in of(SealPublished, work)} == {("O-21", "O-29")}


def test_who_is_named_can_be_changed_and_the_seal_stays_the_same_one() -> None:
    w = a_world()
    first = of(SealPublished, w.run(seal("O-29", offices=("LPSK-53",)), MANAGER))
    second = of(SealPublished, w.run(seal("O-29"), MANAGER))
    assert {each.seal_ref for each in first} == {each.seal_ref for each in second}
    assert {each.offices for each in second} == {()}


def test_lpsk_alone_opens_what_it_was_named_in_and_takes_itself_out() -> None:
    w = a_world()
    referred(w)
    w.run(seal("O-29", offices=("LPSK-53",)), MANAGER)
    with pytest.raises(Reject, match="LPSK_DECIDES"):
        w.run(UnsealCase("case-1", "DANGER_OVER"), SUPERVISOR)
    with pytest.raises(Reject, match="LPSK_DECIDES"):
        w.run(seal("O-29"), MANAGER)
    w.run(UnsealCase("case-1", "PROTECTION_ENDED"), LPSK)
    case = w.overlay.current(Case.ref("case-1"))
    assert isinstance(case, Case)
    assert case.seal is None


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (seal("O-99"), "UNKNOWN_PERSON"),
        (seal("O-29", offices=("LPSK-99",)), "UNKNOWN_AGENCY"),
        (seal("O-29", reason="BECAUSE"), "UNKNOWN_REASON"),
        (seal("O-21"), "NOBODY_TO_UNSEAL"),
        (seal("O-51"), "NOBODY_TO_UNSEAL"),  # LPSK was not asked in, so it could not open it
        (UnsealCase("case-1", "DANGER_OVER"), "NOT_SEALED"),
        (UnsealCase("case-1", "BECAUSE"), "UNKNOWN_REASON"),
    ],
)
def test_what_makes_no_sense_is_refused(command: Any, code: str) -> None:
    with pytest.raises(Reject, match=code):
        a_world().run(command, MANAGER)


def test_a_draft_is_taken_before_it_is_sealed() -> None:
    with pytest.raises(Reject, match="NOT_TAKEN"):
        a_world(case=opened(manager=None, lead=None, state="DRAFT")).run(seal("O-29"), SUPERVISOR)
