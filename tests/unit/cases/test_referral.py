"""Referrals: allowed by consent or a legal basis, answered within their deadline."""

from datetime import timedelta
from typing import Any

import pytest

from services.cases.commands import AcceptReferral, RejectReferral, SendReferral
from services.cases.domain.agency_file import AgencyFile
from services.cases.domain.case import Case
from services.cases.domain.consent import Consent, ConsentState
from services.cases.domain.referral import Referral
from shared.kernel.errors import Kind, Reject
from shared.kernel.timer import Timer, TimerStatus
from tests.support.pure import NOW, World
from tests.unit.cases.builders import LPSK, MANAGER, POLICE, consent, draft, emitted, lpsk_consents, opened, world

TO_LPSK = SendReferral("case-1", "P-004", "LPSK-53", "LPSK_APPLICATION")
TO_POLICE = SendReferral("case-1", "P-004", "POLRI-53", "POLICE_REPORT")


def sent(**changes: Any) -> tuple[World, Referral]:
    """A referral to LPSK that waits."""
    w = world([opened(**changes), *lpsk_consents()])
    return w, w.run(TO_LPSK, MANAGER).answer


def timer_of(w: World, referral: Referral) -> Timer:
    timer = w.overlay.current(Timer.ref(f"REFERRAL_ANSWER|{referral.id}"))
    assert isinstance(timer, Timer)
    return timer


def test_sending_grants_sight_starts_the_clock_and_tells_the_agency_thinly() -> None:
    w = world([opened(), *lpsk_consents()])
    work = w.run(TO_LPSK, MANAGER)
    referral = work.answer
    assert (referral.state, referral.sender, referral.urgency) == ("PENDING", "UPTD_PPA-53.71", "R2_TINGGI")
    assert [grant.agency for grant in work.get(Case, "case-1").grants] == ["LPSK-53"]
    assert timer_of(w, referral).due_at == referral.clock.due_at == NOW + timedelta(hours=24)
    assert emitted(work) == ["ReferralSent", "AgencyPointer"]
    pointer = work.events[1]
    assert (pointer.topic, pointer.key, pointer.data.what) == ("agency-lpsk", "NTT-2026-048213", "REFERRAL_SENT")


@pytest.mark.parametrize(
    ("risk", "hours"), [("R1_DARURAT", 1), ("R2_TINGGI", 24), ("R3_SEDANG", 24), ("R4_RENDAH", 24), (None, 24)]
)
def test_the_shorter_of_a_day_and_the_triage_target_counts(risk: str | None, hours: int) -> None:
    _, referral = sent(risk=risk)
    assert referral.clock.due_at == NOW + timedelta(hours=hours)


def test_the_clock_starts_when_it_happened_not_when_it_was_entered() -> None:
    w = world([opened(), *lpsk_consents()])
    earlier = NOW - timedelta(hours=3)
    late = SendReferral("case-1", "P-004", "LPSK-53", "LPSK_APPLICATION", occurred_at=earlier)
    assert w.run(late, MANAGER).answer.clock.due_at == earlier + timedelta(hours=24)


@pytest.mark.parametrize(
    "consents",
    [
        [],
        [consent("SHARE_POLICE")],
        [consent("POLICE_REPORT")],
        [consent("SHARE_POLICE"), consent("POLICE_REPORT", ConsentState.REFUSED)],
        [consent("SHARE_POLICE", ConsentState.WITHDRAWN), consent("POLICE_REPORT")],
        lpsk_consents(),
    ],
)
def test_without_every_consent_nothing_goes_to_the_police(consents: list[Consent]) -> None:
    with pytest.raises(Reject, match="CONSENT_MISSING") as refused:
        world([opened(), *consents]).run(TO_POLICE, MANAGER)
    assert (refused.value.kind, refused.value.errors) == (Kind.INVALID, (("/legal_basis", "CONSENT_MISSING"),))


def test_with_both_consents_the_police_are_asked() -> None:
    w = world([opened(), consent("SHARE_POLICE"), consent("POLICE_REPORT")])
    assert w.run(TO_POLICE, MANAGER).answer.consents == ("SHARE_POLICE", "POLICE_REPORT")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"agency": "MARS-53"}, "UNKNOWN_AGENCY"),
        ({"agency": "POKJA-53"}, "UNKNOWN_AGENCY"),
        ({"agency": "BP3MI-99"}, "UNKNOWN_AGENCY"),
        ({"agency": "LPSK-53.71"}, "UNKNOWN_AGENCY"),
        ({"agency": "UPTD_PPA-53.71", "purpose": "SOCIAL_REHAB"}, "LEADS_ALREADY"),
        ({"agency": "POLRI-53", "purpose": "RETURN"}, "NOT_FOR_THIS_AGENCY"),
        ({"purpose": "PARTY"}, "UNKNOWN_PURPOSE"),
        ({"legal_basis": "BECAUSE"}, "UNKNOWN_LEGAL_BASIS"),
        ({"agency": "POLRI-53", "purpose": "POLICE_REPORT", "legal_basis": "VITAL_INTEREST"}, "UNKNOWN_LEGAL_BASIS"),
        ({"subject": "P-999"}, "NOT_OF_THE_CASE"),
    ],
)
def test_what_cannot_be_asked_is_refused(changes: dict[str, Any], code: str) -> None:
    body = {"case": "case-1", "subject": "P-004", "agency": "LPSK-53", "purpose": "LPSK_APPLICATION"} | changes
    with pytest.raises(Reject, match=code):
        world([opened(), *lpsk_consents()]).run(SendReferral(**body), MANAGER)


def test_a_draft_asks_nobody() -> None:
    with pytest.raises(Reject, match="CASE_NOT_OPEN") as refused:
        world([draft(), *lpsk_consents()]).run(TO_LPSK, MANAGER)
    assert refused.value.legal_moves == ("TAKE",)


def test_the_same_question_waits_only_once() -> None:
    w, _ = sent()
    with pytest.raises(Reject, match="ALREADY_WAITING"):
        w.run(TO_LPSK, MANAGER)


def test_the_first_acceptance_makes_the_case_active_and_begins_a_file() -> None:
    w, referral = sent()
    work = w.run(AcceptReferral(referral.id, "PP.01/2026"), LPSK)
    assert (work.answer.state, work.answer.clock.status, work.answer.answered_by) == ("ACCEPTED", "MET", "O-51")
    assert work.get(Case, "case-1").state == "ACTIVE"
    assert emitted(work) == ["ReferralAccepted", "AgencyPointer", "CaseActivated"]
    file = work.find_by(AgencyFile, agency_code="LPSK", foreign_no="PP.01/2026")
    assert file is not None
    assert (file.agency, file.workflow, file.stage) == ("LPSK-53", "lpsk_protection", None)
    assert timer_of(w, referral).status is TimerStatus.STOPPED


def test_an_acceptance_without_a_number_begins_no_file() -> None:
    w, referral = sent()
    work = w.run(AcceptReferral(referral.id), LPSK)
    assert not any(isinstance(found, AgencyFile) for found in work.changed.values())
    assert emitted(work) == ["ReferralAccepted", "CaseActivated"]


def test_a_second_acceptance_changes_nothing() -> None:
    w, referral = sent()
    w.run(AcceptReferral(referral.id), LPSK)
    with pytest.raises(Reject, match="ILLEGAL_MOVE") as refused:
        w.run(AcceptReferral(referral.id), LPSK)
    assert refused.value.legal_moves == ()


def test_a_number_belongs_to_one_case() -> None:
    other = AgencyFile(
        id="file-9",
        version=1,
        case_ref="case-9",
        case_no="NTT-2026-000009",
        agency="LPSK-53",
        agency_code="LPSK",
        foreign_no="PP.01/2026",
        lead=None,
        manager=None,
        workflow="lpsk_protection",
    )
    w = world([opened(), *lpsk_consents(), other])
    referral = w.run(TO_LPSK, MANAGER).answer
    with pytest.raises(Reject, match="NUMBER_IN_USE"):
        w.run(AcceptReferral(referral.id, "PP.01/2026"), LPSK)


def test_a_rejection_names_a_reason_and_ends_the_agencys_sight() -> None:
    w, referral = sent()
    with pytest.raises(Reject, match="UNKNOWN_REASON"):
        w.run(RejectReferral(referral.id, "NO_MOOD"), LPSK)
    work = w.run(RejectReferral(referral.id, "NOT_COMPETENT"), LPSK)
    assert (work.answer.state, work.answer.reason) == ("REJECTED", "NOT_COMPETENT")
    assert (work.get(Case, "case-1").state, work.get(Case, "case-1").grants) == ("OPEN", ())
    assert emitted(work) == ["ReferralRejected"]


def test_after_a_rejection_the_agency_may_be_asked_again() -> None:
    w, referral = sent()
    w.run(RejectReferral(referral.id, "INCOMPLETE"), LPSK)
    assert w.run(TO_LPSK, MANAGER).answer.id != referral.id


def test_no_answer_comes_before_the_question() -> None:
    w, referral = sent()
    with pytest.raises(Reject, match="BEFORE_SENDING"):
        w.run(AcceptReferral(referral.id, occurred_at=NOW - timedelta(minutes=1)), LPSK)


def test_two_agencies_are_granted_apart() -> None:
    w = world([opened(), *lpsk_consents(), consent("SHARE_POLICE"), consent("POLICE_REPORT")])
    w.run(TO_LPSK, MANAGER)
    police = w.run(TO_POLICE, MANAGER).answer
    work = w.run(RejectReferral(police.id, "NO_CAPACITY"), POLICE)
    assert [grant.agency for grant in work.get(Case, "case-1").grants] == ["LPSK-53"]


def test_a_missed_limit_is_an_event_and_changes_no_state() -> None:
    w, referral = sent()
    w.now = NOW + timedelta(hours=24)
    timer = timer_of(w, referral)
    work = w.fire(timer)
    after = work.get(Referral, referral.id)
    assert (after.state, after.clock.status, after.clock.breached_at) == ("PENDING", "BREACHED", referral.clock.due_at)
    breached = work.events[0]
    assert emitted(work) == ["ClockBreached"]
    assert (breached.id, breached.data.rung, breached.data.owner) == (timer.event_id, 0, "LPSK-53")
    assert timer_of(w, referral).due_at == NOW + timedelta(hours=48)


def test_a_day_later_an_unanswered_referral_goes_back() -> None:
    w, referral = sent()
    w.now = NOW + timedelta(hours=24)
    first = timer_of(w, referral)
    w.fire(first)
    w.now = NOW + timedelta(hours=48)
    second = timer_of(w, referral)
    work = w.fire(second)
    after = work.get(Referral, referral.id)
    assert (after.state, after.reason, after.clock.status) == ("RETURNED", "UNANSWERED", "BREACHED")
    assert work.get(Case, "case-1").grants == ()
    assert emitted(work) == ["ClockBreached", "AgencyPointer"]
    assert (work.events[0].data.rung, work.events[0].id) == (1, second.event_id)
    assert first.event_id != second.event_id


def test_an_answer_in_time_that_is_entered_late_keeps_the_breach() -> None:
    w, referral = sent()
    w.now = NOW + timedelta(hours=25)
    w.fire(timer_of(w, referral))
    work = w.run(AcceptReferral(referral.id, occurred_at=NOW + timedelta(hours=2)), LPSK)
    assert work.answer.clock.status == "MET_LATE_RECORDED"
    assert work.answer.clock.breached_at == referral.clock.due_at
    assert "ClockBreached" not in emitted(work)


def test_a_late_answer_before_the_timer_fired_is_a_breach_all_the_same() -> None:
    w, referral = sent()
    w.now = NOW + timedelta(hours=25)
    timer = timer_of(w, referral)
    work = w.run(AcceptReferral(referral.id), LPSK)
    assert (work.answer.state, work.answer.clock.status) == ("ACCEPTED", "BREACHED")
    assert emitted(work)[0] == "ClockBreached"
    assert work.events[0].id == timer.event_id


def test_a_timer_that_fires_after_the_answer_does_nothing() -> None:
    w, referral = sent()
    timer = timer_of(w, referral)
    w.run(AcceptReferral(referral.id), LPSK)
    assert w.fire(timer).changed == {}
