"""Consent: each answer is kept, no is an answer, and a yes can be taken back."""

from datetime import timedelta
from typing import Any

import pytest

from services.cases.commands import SendReferral, TakeCase
from services.cases.domain.case import Case
from services.cases.domain.consent import Consent, ConsentState
from services.cases.domain.referral import Referral
from shared.kernel.consent import GivenBy
from shared.kernel.errors import Reject
from shared.kernel.timer import Timer, TimerStatus
from tests.support.pure import NOW
from tests.unit.cases.builders import MANAGER, consent, draft, emitted, lpsk_consents, opened, said, world


@pytest.mark.parametrize(("answer", "event"), [("GIVEN", "ConsentGiven"), ("REFUSED", "ConsentRefused")])
def test_any_first_answer_opens_a_draft_that_was_taken(answer: str, event: str) -> None:
    w = world([draft()])
    w.run(TakeCase("case-1"), MANAGER)
    work = w.run(said("POLICE_REPORT", answer), MANAGER)
    assert emitted(work) == [event, "CaseOpened"]
    assert work.get(Case, "case-1").state == "OPEN"
    assert (work.answer.state, work.answer.answers[0].language) == (answer, "DAWAN")


def test_a_late_entry_does_not_outrank_a_later_answer() -> None:
    w = world([opened(), consent("SERVICE", ConsentState.REFUSED)])
    work = w.run(said("SERVICE", "GIVEN", occurred_at=NOW - timedelta(days=1)), MANAGER)
    assert (work.answer.state, len(work.answer.answers)) == ("REFUSED", 2)


def test_what_changes_nothing_is_in_the_timeline_and_told_to_nobody() -> None:
    w = world([opened(), consent("SERVICE", ConsentState.REFUSED)])
    late = w.run(said("SERVICE", "GIVEN", occurred_at=NOW - timedelta(days=1)), MANAGER)
    again = w.run(said("SERVICE", "REFUSED"), MANAGER)
    assert (emitted(late), emitted(again)) == ([], [])
    assert [fact.code for fact in late.facts.values()] == ["CONSENT_GIVEN"]


def test_at_the_same_moment_the_no_wins() -> None:
    w = world([opened()])
    assert w.run(said("SERVICE", "REFUSED"), MANAGER).answer.state == "REFUSED"
    assert w.run(said("SERVICE", "GIVEN"), MANAGER).answer.state == "REFUSED"


def test_a_refusal_may_become_a_yes_later() -> None:
    w = world([opened(), consent("POLICE_REPORT", ConsentState.REFUSED)])
    assert w.run(said("POLICE_REPORT", "GIVEN"), MANAGER).answer.state == "GIVEN"


@pytest.mark.parametrize("given", [[], [consent("SHARE_LPSK", ConsentState.REFUSED)]])
def test_there_must_be_a_yes_to_take_back(given: list[Consent]) -> None:
    with pytest.raises(Reject, match="NOTHING_TO_WITHDRAW"):
        world([opened(), *given]).run(said("SHARE_LPSK", "WITHDRAWN"), MANAGER)


def test_taking_a_consent_back_ends_the_grants_that_rest_on_it() -> None:
    w = world([opened(), *lpsk_consents()])
    referral = w.run(SendReferral("case-1", "P-004", "LPSK-53", "LPSK_APPLICATION"), MANAGER).answer
    work = w.run(said("SHARE_LPSK", "WITHDRAWN"), MANAGER)
    assert work.get(Case, "case-1").grants == ()
    returned = work.get(Referral, referral.id)
    assert (returned.state, returned.reason, returned.clock.status) == ("RETURNED", "CONSENT_ENDED", "CANCELLED")
    assert work.get(Timer, f"REFERRAL_ANSWER|{referral.id}").status is TimerStatus.STOPPED
    assert emitted(work) == ["ConsentWithdrawn", "AgencyPointer"]
    assert work.events[1].topic == "agency-lpsk"


def test_a_grant_on_another_legal_basis_survives() -> None:
    w = world([opened(), *lpsk_consents()])
    w.run(SendReferral("case-1", "P-004", "LPSK-53", "LPSK_APPLICATION", "VITAL_INTEREST"), MANAGER)
    work = w.run(said("SHARE_LPSK", "WITHDRAWN"), MANAGER)
    assert [grant.agency for grant in work.get(Case, "case-1").grants] == ["LPSK-53"]


def test_a_child_needs_somebody_beside_its_yes_but_not_beside_its_no() -> None:
    child = draft().persons[0].model_copy(update={"as_child": True})
    with pytest.raises(Reject, match="CHILD_NEEDS_GUARDIAN"):
        world([opened(persons=(child,))]).run(said("SERVICE", "GIVEN"), MANAGER)
    w = world([opened(persons=(child,))])
    before = NOW - timedelta(hours=1)
    assert w.run(said("SERVICE", "REFUSED", occurred_at=before), MANAGER).answer.state == "REFUSED"
    assert w.run(said("SERVICE", "GIVEN", given_by=GivenBy.GUARDIAN), MANAGER).answer.state == "GIVEN"


@pytest.mark.parametrize(
    ("changes", "code"), [({"purpose": "SHARE_MARS"}, "UNKNOWN_PURPOSE"), ({"subject": "P-999"}, "NOT_OF_THE_CASE")]
)
def test_unknown_purposes_and_persons_are_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Reject, match=code):
        world([opened()]).run(said("SERVICE", "GIVEN", **changes), MANAGER)
