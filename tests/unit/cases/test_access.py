"""Access that is given for a time: to whom, to what, for how long, and how it ends."""

from datetime import timedelta
from typing import Any

import pytest

from services.cases.commands import GiveAccess, RecordConsent, SealCase, SendReferral, UnsealCase, WithdrawAccess
from services.cases.domain.access_grant import AccessGrant
from services.cases.domain.case import Case
from shared.events.staff_v1 import AccessPublished
from shared.kernel.errors import Reject
from shared.security.access import Access
from shared.security.staff import Member
from tests.support.pure import NOW, World
from tests.unit.cases.builders import LEAD, MANAGER, draft, lpsk_consents, opened, said, world

SINCE = NOW - timedelta(days=30)
DAY = timedelta(days=1)


def member(person: str = "O-21", **changes: Any) -> Member:
    usual = Member(id=person, agency=LEAD, roles=("CASE_MANAGER",), valid_from=SINCE, version=1)
    return usual.evolve(**changes)


def giving(**changes: Any) -> GiveAccess:
    body: dict[str, Any] = {
        "case": "case-1",
        "subject": None,
        "agency": LEAD,
        "person": "O-21",
        "unit": None,
        "classes": ("C2",),
        "purpose": "CASEWORK",
        "reason": "STANDS_IN",
        "since": None,
        "until": NOW + DAY,
    }
    return GiveAccess(**(body | changes))


def told(work: Any) -> list[AccessPublished]:
    return [each.data for each in work.events if isinstance(each.data, AccessPublished)]


def given(w: World, **changes: Any) -> AccessGrant:
    grant = w.run(giving(**changes), MANAGER).answer
    assert isinstance(grant, AccessGrant)
    return grant


def test_a_grant_names_the_case_and_the_people_that_it_has_now() -> None:
    work = world([opened(), member()]).run(giving(), MANAGER)
    [published] = told(work)
    [line] = published.opened
    assert (published.grantee, line.refs, line.classes) == ("person|O-21", ("case-1", "P-004"), ("C1", "C2"))
    assert (line.since, line.until, line.purpose, line.emergency) == (NOW, NOW + DAY, "CASEWORK", False)
    assert work.get(Case, "case-1").access == (line.grant_ref,)
    assert "STANDS_IN" not in published.model_dump_json()


def test_a_grant_about_one_person_opens_neither_the_case_nor_anybody_else() -> None:
    [published] = told(world([opened(), member()]).run(giving(subject="P-004", classes=("C3",)), MANAGER))
    assert published.opened[0].refs == ("P-004",)


def test_a_key_on_the_topic_is_never_a_members_own() -> None:
    [emitted] = world([opened(), member()]).run(giving(), MANAGER).events
    assert emitted.key == "person|O-21"
    [emitted] = world([opened()]).run(giving(person=None, unit="U-1"), MANAGER).events
    assert emitted.key == f"unit|{LEAD}|U-1"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"person": "O-99"}, "NO_ACCESS_FOR_THEM"),
        ({"agency": "LPSK-53"}, "NOT_ASKED_IN"),
        ({"reason": "BECAUSE"}, "UNKNOWN_REASON"),
        ({"purpose": "CURIOSITY"}, "UNKNOWN_PURPOSE"),
        ({"person": None}, "PERSON_OR_UNIT"),
        ({"unit": "U-1"}, "PERSON_OR_UNIT"),
        ({"subject": "P-999"}, "NOT_OF_THE_CASE"),
        ({"until": NOW}, "NOT_AHEAD"),
        ({"since": NOW + 2 * DAY}, "ENDS_BEFORE_IT_BEGINS"),
        ({"until": NOW + 30 * DAY + timedelta(milliseconds=1)}, "LASTS_TOO_LONG"),
    ],
)
def test_to_whom_why_and_how_long_are_checked(changes: dict[str, Any], code: str) -> None:
    w = world([opened(), member()])
    with pytest.raises(Reject, match=code):
        w.run(giving(**changes), MANAGER)
    assert given(w, until=NOW + 30 * DAY).until == NOW + 30 * DAY


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"valid_to": NOW},
        {"agency": "UPTD_PPA-53.02"},
        {"roles": ("AGENCY_ADMIN",)},
        {"excluded": ("case-1",)},
    ],
)
def test_whoever_is_gone_elsewhere_or_kept_out_gets_one_and_the_same_no(changes: dict[str, Any]) -> None:
    with pytest.raises(Reject, match="NO_ACCESS_FOR_THEM"):
        world([opened(), member(**changes)]).run(giving(), MANAGER)


def test_a_case_without_a_lead_has_nobody_who_gives() -> None:
    with pytest.raises(Reject, match="NOT_TAKEN"):
        world([draft(), member()]).run(giving(), MANAGER)


def test_a_withdrawal_leaves_what_else_was_given_and_happens_once() -> None:
    w = world([opened(), member()])
    first, second = given(w), given(w, subject="P-004", classes=("C4",))
    work = w.run(WithdrawAccess("case-1", first.id), MANAGER)
    [published] = told(work)
    assert [each.grant_ref for each in published.opened] == [second.id]
    assert (work.answer.withdrawn_at, work.answer.withdrawn_by) == (NOW, MANAGER.person)
    with pytest.raises(Reject, match="ENDED_ALREADY"):
        w.run(WithdrawAccess("case-1", first.id), MANAGER)


def test_what_has_ended_by_itself_cannot_be_taken_back() -> None:
    w = world([opened(), member()])
    grant = given(w)
    w.now = grant.until
    with pytest.raises(Reject, match="ENDED_ALREADY"):
        w.run(WithdrawAccess("case-1", grant.id), MANAGER)


def test_a_grant_of_another_case_is_unknown() -> None:
    w = world([opened(), opened(id="case-2", case_no="NTT-2026-048214"), member()])
    grant = given(w)
    with pytest.raises(Reject, match="UNKNOWN"):
        w.run(WithdrawAccess("case-2", grant.id), MANAGER)


def test_what_has_ended_is_forgotten_with_the_next_word_about_the_grantee() -> None:
    w = world([opened(), member()])
    given(w)
    w.now = NOW + DAY
    later = given(w, until=NOW + 2 * DAY)
    access = w.overlay.current(Access.ref("person|O-21"))
    assert isinstance(access, Access)
    assert [each.grant_ref for each in access.opened] == [later.id]


def test_an_agencys_access_ends_with_its_part_in_the_case() -> None:
    lpsk = Member(id="O-51", agency="LPSK-53", roles=("AGENCY_OFFICER",), valid_from=SINCE, version=1)
    w = world([opened(), member(), lpsk, *lpsk_consents()])
    w.run(SendReferral("case-1", "P-004", "LPSK-53", "LPSK_APPLICATION", None, None), MANAGER)
    theirs, ours = given(w, agency="LPSK-53", person="O-51", classes=("C3",)), given(w)
    work = w.run(taken_back(), MANAGER)
    assert [(each.grantee, each.opened) for each in told(work)] == [("person|O-51", ())]
    ended = w.overlay.current(AccessGrant.ref(theirs.id))
    kept = w.overlay.current(AccessGrant.ref(ours.id))
    assert isinstance(ended, AccessGrant)
    assert isinstance(kept, AccessGrant)
    assert (ended.withdrawn_at, kept.withdrawn_at) == (NOW, None)


def taken_back() -> RecordConsent:
    return said("SHARE_LPSK", "WITHDRAWN")


def test_sealing_ends_what_was_given_to_whoever_is_not_named_and_unsealing_does_not_bring_it_back() -> None:
    w = world([opened(), member("O-20"), member(), member("O-22"), member("O-29", roles=("SUPERVISOR",))])
    ended, kept = given(w), given(w, person="O-22")
    w.run(SealCase("case-1", ("O-22", "O-29"), (), "THREAT"), MANAGER)
    for grant, withdrawn in ((ended, NOW), (kept, None)):
        found = w.overlay.current(AccessGrant.ref(grant.id))
        assert isinstance(found, AccessGrant)
        assert found.withdrawn_at == withdrawn
    with pytest.raises(Reject, match="NO_ACCESS_FOR_THEM"):
        w.run(giving(), MANAGER)
    with pytest.raises(Reject, match="NO_ACCESS_FOR_THEM"):
        w.run(giving(person=None, unit="U-1"), MANAGER)
    w.run(UnsealCase("case-1", "DANGER_OVER"), MANAGER)
    access = w.overlay.current(Access.ref("person|O-21"))
    assert isinstance(access, Access)
    assert access.opened == ()
