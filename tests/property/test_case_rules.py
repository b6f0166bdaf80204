"""What must hold for case work whatever happens: numbers, agency files, referrals."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.cases.catalogue import legal_bases, purposes
from services.cases.commands import AcceptReferral, RejectReferral, SendReferral
from services.cases.domain.agency_file import AgencyFile, FileFact
from services.cases.domain.consent import Consent, ConsentState
from services.cases.domain.numbers import keyed_mix, permute
from services.cases.domain.referral import Referral
from services.cases.workflows import workflows
from shared.kernel.errors import Reject
from shared.kernel.timer import Timer
from shared.reference.agencies import AGENCIES, is_office_here
from tests.support.pure import NOW
from tests.unit.cases.builders import LEAD, LPSK, MANAGER, consent, lpsk_consents, opened, world

AGENCY_FLOWS = [flow for flow in workflows().values() if flow.agency]


@given(size=st.integers(1, 600), key=st.binary(min_size=1, max_size=32))
def test_a_keyed_permutation_is_a_bijection_at_any_size(size: int, key: bytes) -> None:
    mix = keyed_mix(key)
    assert sorted(permute(index, size, mix) for index in range(size)) == list(range(size))


@given(index=st.integers(0, 999_999), other=st.integers(0, 999_999), key=st.binary(min_size=1, max_size=32))
def test_two_counts_never_share_a_number(index: int, other: int, key: bytes) -> None:
    assume(index != other)
    mix = keyed_mix(key)
    numbers = permute(index, 1_000_000, mix), permute(other, 1_000_000, mix)
    assert numbers[0] != numbers[1]
    assert all(0 <= number < 1_000_000 for number in numbers)


def told(number: int, state: str, minute: int) -> FileFact:
    moment = NOW + timedelta(minutes=minute)
    id_ = f"fact-{number}"
    return FileFact(
        event_id=id_, type=state, state=state, occurred_at=moment, recorded_at=NOW, detail={}, digest=f"{state}{minute}"
    )


def empty_file() -> AgencyFile:
    names = ("case_ref", "case_no", "agency", "agency_code", "foreign_no")
    return AgencyFile(id="file-1", lead=None, manager=None, workflow=None, **dict.fromkeys(names, "X-53"))


@st.composite
def feeds(draw: st.DrawFn) -> Any:
    """A workflow, facts along one way through it, and another order of the same facts."""
    flow = draw(st.sampled_from(AGENCY_FLOWS))
    reported = {rule.to for rule in flow.facts}
    way, ahead = [], list(flow.initial)
    while ahead:
        way.append(draw(st.sampled_from(ahead)))
        ahead = list(flow.state(way[-1]).next)
    states = draw(st.lists(st.sampled_from([state for state in way if state in reported]), min_size=1, max_size=8))
    facts = [told(number, state, draw(st.integers(0, 5))) for number, state in enumerate(states)]
    return flow, way, facts, draw(st.permutations(facts))


@given(feed=feeds())
def test_the_same_facts_in_any_order_make_the_same_file(feed: Any) -> None:
    flow, way, facts, shuffled = feed
    one = other = empty_file()
    for fact in facts:
        one = one.told(flow, fact)
    for fact in shuffled:
        other = other.told(flow, fact)
    assert one.stage == other.stage == max((fact.state for fact in facts), key=way.index)
    assert [fact.event_id for fact in one.facts] == [fact.event_id for fact in other.facts]


@given(feed=feeds())
def test_a_file_never_goes_back(feed: Any) -> None:
    flow, way, _, shuffled = feed
    file, reached = empty_file(), -1
    for fact in shuffled:
        file = file.told(flow, fact)
        assert way.index(file.stage or "") >= reached
        reached = way.index(file.stage or "")


answers = st.dictionaries(
    st.sampled_from(sorted({a.share_purpose for a in AGENCIES.values() if a.share_purpose} | {"POLICE_REPORT"}))
    | st.just("LPSK_APPLICATION"),
    st.sampled_from(ConsentState),
)


@given(
    said=answers,
    code=st.sampled_from(sorted(AGENCIES)),
    purpose=st.sampled_from(sorted(purposes())),
    basis=st.none() | st.sampled_from(sorted(legal_bases())),
)
def test_nothing_leaves_without_a_consent_or_a_basis(
    said: dict[str, ConsentState], code: str, purpose: str, basis: str | None
) -> None:
    given_: list[Consent] = [consent(name, state) for name, state in said.items()]
    agency, asked = AGENCIES[code], purposes()[purpose]
    office = f"{code}-53" if is_office_here(f"{code}-53") else f"{code}-53.71"
    competent = code in asked.agencies and agency.share_purpose is not None
    yes = {name for name, state in said.items() if state is ConsentState.GIVEN}
    consented = {agency.share_purpose, asked.consent or agency.share_purpose} <= yes
    allowed = competent and (consented if basis is None else code in legal_bases()[basis].towards)
    w = world([opened(), *given_])
    command = SendReferral("case-1", "P-004", office, purpose, basis)
    if not allowed:
        with pytest.raises(Reject):
            w.run(command, MANAGER)
        return
    work = w.run(command, MANAGER)
    assert type(work.events[0].data).__name__ == "ReferralSent"
    assert work.answer.consents == () if basis else set(work.answer.consents) <= yes
    assert office != LEAD


@given(
    answer_after_h=st.integers(0, 60),
    entered_after_h=st.integers(0, 60),
    accepts=st.booleans(),
)
def test_a_breach_is_published_exactly_when_the_limit_passed_unmet(
    answer_after_h: int, entered_after_h: int, accepts: bool
) -> None:
    assume(entered_after_h >= answer_after_h)
    w = world([opened(), *lpsk_consents()])
    referral = w.run(SendReferral("case-1", "P-004", "LPSK-53", "LPSK_APPLICATION"), MANAGER).answer
    breaches: set[str] = set()

    def note(work: Any) -> None:
        breaches.update(event.id for event in work.events if type(event.data).__name__ == "ClockBreached")

    for hour in range(entered_after_h):
        w.now = NOW + timedelta(hours=hour)
        timer = w.overlay.current(Timer.ref(f"REFERRAL_ANSWER|{referral.id}"))
        if isinstance(timer, Timer) and timer.status == "RUNNING" and timer.due_at <= w.now:
            note(w.fire(timer))
    w.now = NOW + timedelta(hours=entered_after_h)
    at = NOW + timedelta(hours=answer_after_h)
    command = AcceptReferral(referral.id, None, at) if accepts else RejectReferral(referral.id, "NO_CAPACITY", at)
    try:
        note(w.run(command, LPSK))
    except Reject:
        assert entered_after_h > 48, "only a referral that went back refuses an answer"
    clock = w.overlay.current(Referral.ref(referral.id)).clock  # type: ignore[union-attr]
    assert (clock.breached_at is not None) == bool(breaches)
    late = answer_after_h > 24 or entered_after_h > 24
    assert bool(breaches) == late
