"""What must hold for every screening, number and age."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.age import ADULT, AgeBasis, AgeClaim, age_on, assess_age
from services.intake.domain.nik import NikStatus, parse_nik
from services.intake.domain.risk import triage
from services.intake.domain.screening import Answers, finding
from services.intake.domain.states import SubjectState
from shared.reference.codes import INDICATORS, RISK_FACTS, RISK_LEVELS
from shared.reference.regions import REGENCIES, is_kabupaten
from tests.unit.intake.given import subject

TODAY = date(2026, 5, 14)
LEVELS = list(RISK_LEVELS)
ANSWERS = st.builds(
    Answers,
    indicators=st.frozensets(st.sampled_from(sorted(INDICATORS))),
    facts=st.frozensets(st.sampled_from(sorted(RISK_FACTS))),
    private=st.booleans(),
    confirmed=st.booleans(),
)
CAME_AS = st.sampled_from([SubjectState.PROSPECTIVE_WORKER, SubjectState.RETURNEE_NON_TIP])


def shows(answers: Answers, kind: str) -> bool:
    return any(INDICATORS[code].kind == kind for code in answers.indicators)


@given(ANSWERS, st.booleans(), CAME_AS)
def test_a_victim_is_presumed_exactly_where_all_elements_are_confirmed_in_private(answers, child, came_as) -> None:
    found = finding(answers, child=child, otherwise=came_as)

    complete = shows(answers, "ACT") and shows(answers, "PURPOSE") and (child or shows(answers, "MEANS"))
    assert (found is SubjectState.PRESUMED_VICTIM) == (complete and answers.private and answers.confirmed)
    assert found in (SubjectState.PRESUMED_VICTIM, SubjectState.UNDETERMINED, came_as)


@given(st.lists(ANSWERS, min_size=1, max_size=6), st.booleans(), st.sampled_from(["INTERDICTION", "KEMLU"]))
def test_no_rounds_lead_from_a_presumed_victim_to_a_worker(rounds, abroad, source) -> None:
    person = subject(SubjectState.PRESUMED_VICTIM, finding=SubjectState.PRESUMED_VICTIM, presumed=True)
    person = person.evolve(source=source, abroad=abroad)

    for answers in rounds:
        found = finding(answers, child=False, otherwise=person.came_as)
        person = person.screened(found, None)
        assert person.state in (SubjectState.PRESUMED_VICTIM, SubjectState.UNDETERMINED)


@given(ANSWERS, CAME_AS)
def test_a_child_is_never_less_of_a_victim_than_an_adult_with_the_same_answers(answers, came_as) -> None:
    if finding(answers, child=False, otherwise=came_as) is SubjectState.PRESUMED_VICTIM:
        assert finding(answers, child=True, otherwise=came_as) is SubjectState.PRESUMED_VICTIM


@given(ANSWERS, st.sampled_from(sorted(INDICATORS)), st.booleans(), CAME_AS)
def test_one_more_indicator_never_takes_a_presumption_away(answers, code, child, came_as) -> None:
    if finding(answers, child=child, otherwise=came_as) is SubjectState.PRESUMED_VICTIM:
        more = answers.model_copy(update={"indicators": answers.indicators | {code}})
        assert finding(more, child=child, otherwise=came_as) is SubjectState.PRESUMED_VICTIM


@given(st.frozensets(st.sampled_from(sorted(RISK_FACTS))), st.sampled_from(sorted(RISK_FACTS)))
def test_one_more_fact_never_lowers_the_risk(facts, one_more) -> None:
    assert LEVELS.index(triage(facts | {one_more})) <= LEVELS.index(triage(facts))
    assert LEVELS.index(triage(facts | {one_more})) <= LEVELS.index(RISK_FACTS[one_more].level)


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{16}", fullmatch=True))
def test_any_text_at_all_can_stand_where_a_number_should(text) -> None:
    assert parse_nik(text, TODAY).status in NikStatus


@given(
    st.sampled_from(sorted(code for code in REGENCIES if is_kabupaten(code))),
    st.dates(TODAY - timedelta(days=36_000), TODAY),
    st.booleans(),
    st.integers(0, 9999),
)
def test_a_number_made_by_the_rules_reads_back(kabupaten, born, woman, serial) -> None:
    day = born.day + (40 if woman else 0)
    number = f"{kabupaten.replace('.', '')}99{day:02}{born.month:02}{born.year % 100:02}{serial:04}"

    nik = parse_nik(number, TODAY)

    assert (nik.kabupaten, nik.born, nik.sex) == (kabupaten, born.isoformat(), "F" if woman else "M")


YEARS = st.none() | st.integers(0, 110)
CLAIMS = st.builds(
    AgeClaim, years=YEARS, basis=st.none() | st.sampled_from(AgeBasis), doubted=st.booleans(), by_nik=YEARS
)


@given(CLAIMS)
def test_whoever_may_be_a_child_is_treated_as_one(claim) -> None:
    minor = any(years is not None and years < ADULT for years in (claim.years, claim.by_nik))

    assert assess_age(claim).as_child == (minor or claim.doubted)


@given(st.dates(date(1900, 1, 1), TODAY), st.dates(date(1900, 1, 1), TODAY))
def test_nobody_grows_younger(born, day) -> None:
    if born < day:
        assert 0 <= age_on(born, day) <= age_on(born, day + timedelta(days=1))
