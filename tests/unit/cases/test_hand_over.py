"""A hand-over drafts a case."""

from datetime import datetime, timedelta

import pytest

from services.cases.commands import SendReferral, TakeCase
from services.cases.domain.case import Case, Participant
from services.cases.domain.consent import Consent, ConsentState, consent_id
from shared.events.intake_v1 import ConsentChoice, ScreeningCompleted
from shared.kernel.errors import Reject
from tests.support.pure import NOW, event
from tests.unit.cases.builders import MANAGER, draft, emitted, hand_over, handed, participant, said, world


@pytest.mark.parametrize(
    ("facts", "lead"),
    [
        ({"state": "PRESUMED_VICTIM"}, "UPTD_PPA-53.71"),
        ({"state": "CONFIRMED_VICTIM", "host": "53.02"}, "UPTD_PPA-53.02"),
        ({"state": "UNDETERMINED"}, "UPTD_PPA-53.71"),
        ({"state": "PROSPECTIVE_WORKER"}, "NAKER_PROV-53"),
        ({"state": "PROSPECTIVE_WORKER", "host": "53.02"}, "GT_KAB-53.02"),
        ({"state": "NOT_VICTIM", "host": "53.04"}, "GT_KAB-53.04"),
        ({"state": "RETURNEE_NON_TIP", "source": "BP3MI_DEBARKASI", "abroad": True}, "BP3MI-53"),
        ({"state": "RETURNEE_NON_TIP", "source": "WALK_IN", "abroad": True}, "BP3MI-53"),
        ({"state": "PRESUMED_VICTIM", "source": "KEMLU", "abroad": True}, "UPTD_PPA-53.71"),
        ({"state": "PROSPECTIVE_WORKER", "as_child": True}, "UPTD_PPA-53.71"),
        ({"state": "RETURNEE_NON_TIP", "abroad": True, "as_child": True}, "UPTD_PPA-53.71"),
        ({"state": "NOT_VICTIM", "source": "WALK_IN"}, "UPTD_PPA-53.71"),
    ],
)
def test_the_proposed_lead_follows_from_who_the_person_is(facts: dict[str, object], lead: str) -> None:
    assert lead == hand_over(world(), **facts).proposed_lead


def test_a_draft_has_neither_lead_nor_manager_nor_grants() -> None:
    case = hand_over(world())
    assert (case.state, case.lead, case.manager, case.grants) == ("DRAFT", None, None, ())


def test_the_draft_is_announced_by_reference() -> None:
    w = world()
    work = w.handle(event(handed()))
    case = next(found for found in work.changed.values() if isinstance(found, Case))
    assert emitted(work) == ["CaseDrafted"]
    drafted = work.events[0]
    assert (drafted.key, drafted.data.case_no, drafted.data.subject_ref) == (case.id, case.case_no, "P-004")
    assert Participant(id="P-004", case_ref=case.id).case_ref == work.get(Participant, "P-004").case_ref


def test_consents_that_intake_heard_come_along_yes_and_no() -> None:
    choices = (ConsentChoice(purpose="SERVICE", given=True), ConsentChoice(purpose="POLICE_REPORT", given=False))
    work = world().handle(event(handed(consents=choices)))
    said = {c.purpose: c.state for c in work.changed.values() if isinstance(c, Consent)}
    assert said == {"SERVICE": ConsentState.GIVEN, "POLICE_REPORT": ConsentState.REFUSED}
    assert work.get(Consent, consent_id("P-004", "SERVICE")).answers[0].agency == "NAKER_PROV-53"
    assert next(c for c in work.changed.values() if isinstance(c, Case)).consent_known


def test_a_consent_keeps_the_moment_at_which_it_was_given() -> None:
    before = NOW - timedelta(hours=1)
    choices = (
        ConsentChoice(purpose="SHARE_LPSK", given=True, answered_at=before),
        ConsentChoice(purpose="SERVICE", given=True),
    )
    work = world().handle(event(handed(consents=choices)))
    said = {c.purpose: c.answers[0].answered_at for c in work.changed.values() if isinstance(c, Consent)}
    assert said == {"SHARE_LPSK": before, "SERVICE": NOW}


@pytest.mark.parametrize("answered_at", [None, NOW - timedelta(hours=1)])
def test_a_withdrawal_of_before_the_hand_over_takes_the_yes_away(answered_at: datetime | None) -> None:
    w = world()
    choices = tuple(
        ConsentChoice(purpose=purpose, given=True, answered_at=answered_at)
        for purpose in ("SHARE_LPSK", "LPSK_APPLICATION")
    )
    case = hand_over(w, consents=choices)
    w.run(TakeCase(case.id), MANAGER)
    half_past = NOW - timedelta(minutes=30)
    work = w.run(said("SHARE_LPSK", "WITHDRAWN", case=case.id, occurred_at=half_past), MANAGER)
    assert (work.answer.state, emitted(work)) == ("WITHDRAWN", ["ConsentWithdrawn"])
    with pytest.raises(Reject, match="CONSENT_MISSING"):
        w.run(SendReferral(case.id, "P-004", "LPSK-53", "LPSK_APPLICATION"), MANAGER)


def test_a_second_hand_over_makes_no_second_case() -> None:
    w = world([draft(), participant()])
    work = w.handle(event(handed()))
    assert emitted(work) == []
    assert [fact.code for fact in work.facts.values()] == ["HANDED_OVER_AGAIN"]


def screened(round_: int, state: str, risk: str | None) -> ScreeningCompleted:
    return ScreeningCompleted(
        occurred_at=NOW, subject_ref="P-004", report_ref="I-1", round=round_, state=state, risk=risk
    )


def test_a_later_round_sets_status_and_risk_and_keeps_the_earlier_assessment() -> None:
    w = world()
    case = hand_over(w)
    work = w.handle(event(screened(1, "CONFIRMED_VICTIM", "R2_TINGGI")))
    after = work.get(Case, case.id)
    assert (after.persons[0].status, after.risk) == ("CONFIRMED_VICTIM", "R2_TINGGI")
    assert [(entry.level, entry.open) for entry in after.risks] == [("R1_DARURAT", False), ("R2_TINGGI", True)]
    assert emitted(work) == ["RiskChanged"]


def test_an_old_round_changes_nothing() -> None:
    w = world()
    hand_over(w)
    w.handle(event(screened(2, "NOT_VICTIM", "R4_RENDAH")))
    work = w.handle(event(screened(1, "PRESUMED_VICTIM", "R1_DARURAT")))
    assert (work.changed, emitted(work)) == ({}, [])


def test_screening_before_the_hand_over_says_nothing_here() -> None:
    assert world().handle(event(screened(1, "PRESUMED_VICTIM", "R1_DARURAT"))).changed == {}
