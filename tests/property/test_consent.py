"""What must hold for a person's answers, wherever and in whatever order they are entered."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.cases.domain import consent as case
from services.intake.domain import consent as intake
from shared.kernel.consent import GivenBy
from tests.support.pure import NOW

ANSWERS = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=8)
"""Yes or no, and the minute at which it was said; in the order in which they are entered."""


def in_intake(said: list[tuple[bool, int]]) -> intake.Consent:
    answers = [
        intake.Consent(
            purpose="SERVICE",
            given=yes,
            given_by=GivenBy.SELF,
            language="dawan",
            occurred_at=NOW + timedelta(minutes=minute),
            recorded_by="O-20",
        )
        for yes, minute in said
    ]
    return intake.in_force(answers)["SERVICE"]


def in_case(said: list[tuple[bool, int]]) -> case.ConsentState:
    answers = [
        case.Answer(
            state=case.ConsentState.GIVEN if yes else case.ConsentState.REFUSED,
            answered_at=NOW + timedelta(minutes=minute),
            agency="UPTD_PPA-53.71",
        )
        for yes, minute in said
    ]
    consent = case.first_answer("P-004", "SERVICE", "case-1", answers[0])
    for answer in answers[1:]:
        consent = case.next_answer(consent, answer)
    return consent.state


@given(ANSWERS)
def test_intake_and_case_agree_on_what_stands(said) -> None:
    assert in_intake(said).given == (in_case(said) is case.ConsentState.GIVEN)


@given(ANSWERS)
def test_what_a_hand_over_carries_stands_in_the_case_as_it_stood(said) -> None:
    heard = in_intake(said)
    minute = int((heard.occurred_at - NOW) / timedelta(minutes=1))
    assert heard.given == (in_case([(heard.given, minute)]) is case.ConsentState.GIVEN)


@given(ANSWERS, st.integers(0, 6))
def test_after_a_no_there_is_no_yes_until_a_later_one(said, minute) -> None:
    assert not in_intake([*said, (False, minute)]).given
    assert in_intake([*said, (False, minute), (True, 7)]).given


@given(ANSWERS)
def test_a_yes_that_stands_is_later_than_every_no(said) -> None:
    heard = in_intake(said)
    if heard.given:
        assert all(NOW + timedelta(minutes=minute) < heard.occurred_at for yes, minute in said if not yes)
