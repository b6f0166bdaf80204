"""What becomes of a request about one's own data, of holds, and of time that passes."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.commands import commands
from services.intake.commands.consents import Choice, RecordConsents
from services.intake.commands.erasures import ApplyRetention, EraseAgain, EraseStop
from services.intake.commands.holds import REVIEW, MoveHold, PlaceHold
from services.intake.commands.moves import MoveSubject
from services.intake.commands.rights import CLOCK, Corrected, MoveRequest, RecordRequest
from services.intake.domain.hold import LegalHold
from services.intake.domain.interdiction import Interdiction
from services.intake.domain.retention import Verdict, verdict
from services.intake.domain.rights import RequestMove, RequestState, Right, RightsRequest, Telling
from services.intake.domain.states import Move, SubjectState
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Erasure, Sealed, Vault
from services.intake.handlers import handlers
from services.intake.schedule import refusals, remains, retention, schedule
from shared.events.case_v1 import ErasureWeighed
from shared.events.intake_v1 import ErasureGranted, HoldReviewDue, RequestOverdue, SubjectErased
from shared.kernel.consent import GivenBy
from shared.kernel.context import Actor
from shared.kernel.errors import Reject
from shared.kernel.timer import Timer, TimerStatus, timer_id
from tests.support.pure import NOW, World, event
from tests.unit.intake.given import POSKO, UPTD, person, stop, subject, told

S = SubjectState
RULES = handlers.including(commands)
DPO = Actor(person="O-90", agency="DPO-53", roles=frozenset({"DPO"}))
FILLED = Vault(id="P-004", version=1, sealed=Sealed(c3=b"identity", c4=b"signs", nik_index=b"n", phone_indexes=(b"p",)))


def world(*given_: Any, now: Any = NOW) -> World:
    return World(RULES, given_, now)


def ask(w: World, right: Right, by: Actor = UPTD, **more: Any) -> RightsRequest:
    command = RecordRequest(subject="P-004", right=right, occurred_at=w.now, **more)
    answer: RightsRequest = w.run(command, by).answer
    return answer


def act(w: World, request: RightsRequest, move: RequestMove, by: Actor = UPTD, **more: Any) -> RightsRequest:
    command = MoveRequest(request=request.id, subject="P-004", move=move, occurred_at=w.now, **more)
    answer: RightsRequest = w.run(command, by).answer
    return answer


def now_in(w: World, kind: type[Any], id_: str) -> Any:
    return w.overlay.current(kind.ref(id_))


def is_gone(w: World, owner: str = "P-004") -> bool:
    """Nothing is left but the tombstone, and the key's end is ordered."""
    vault, erasure = now_in(w, Vault, owner), now_in(w, Erasure, owner)
    return vault.sealed == Sealed() and vault.erased_at is not None and erasure.done_at is None


def test_each_controller_decides_for_itself_and_the_key_dies_with_the_last() -> None:
    w = world(subject(S.REGISTERED, offices=(POSKO.agency, UPTD.agency)), FILLED)
    first = act(w, ask(w, Right.ERASURE, POSKO), RequestMove.GRANT, POSKO)
    assert first.remains == ("OTHER_CONTROLLER",)
    assert (UPTD.agency,) == now_in(w, Subject, "P-004").offices, "the posko has nothing to do with them any more"
    assert now_in(w, Vault, "P-004") == FILLED
    second = act(w, ask(w, Right.ERASURE), RequestMove.GRANT)
    assert second.remains == ()
    assert now_in(w, Subject, "P-004").erased_at == NOW
    assert is_gone(w)


def test_an_erasure_tells_others_that_there_is_nobody_to_know_any_more() -> None:
    w = world(subject(S.REGISTERED, offices=(UPTD.agency,)), FILLED)
    request = ask(w, Right.ERASURE)
    command = MoveRequest(request=request.id, subject="P-004", move=RequestMove.GRANT, occurred_at=NOW)
    [erased] = [e.data for e in w.run(command, UPTD).events]
    assert isinstance(erased, SubjectErased)
    assert (erased.subject_ref, erased.reason) == ("P-004", "REQUEST")


@pytest.mark.parametrize(("needed", "gone"), [((), True), (("AGENCY_FILE", "CASE_OPEN"), False)])
def test_case_work_is_asked_before_the_key_of_somebody_in_a_case_dies(needed: tuple[str, ...], gone: bool) -> None:
    w = world(subject(S.HANDED_TO_CASE, offices=(UPTD.agency,)), FILLED)
    request = ask(w, Right.ERASURE)
    command = MoveRequest(request=request.id, subject="P-004", move=RequestMove.GRANT, occurred_at=NOW)
    work = w.run(command, UPTD)
    assert [ErasureGranted] == [type(e.data) for e in work.events]
    assert work.answer.remains is None
    with pytest.raises(Reject):
        act(w, work.answer, RequestMove.TELL, telling=Telling.TOLD)
    weighed = ErasureWeighed(
        occurred_at=NOW, case_ref="case-1", subject_ref="P-004", request_ref=request.id, needed=needed
    )
    w.handle(event(weighed))
    assert needed == now_in(w, RightsRequest, request.id).remains
    assert gone == (now_in(w, Vault, "P-004").erased_at is not None)
    assert set(needed) <= remains().keys(), "each reason has its words"
    w.handle(event(weighed))
    assert gone == (now_in(w, Subject, "P-004").erased_at is not None), "twice is once"


@pytest.mark.parametrize(
    ("move", "name", "said"),
    [
        *((move, "refusal", "ENDANGERS_SUBJECT") for move in RequestMove if move is not RequestMove.REFUSE),
        *((move, "telling", Telling.TOLD) for move in RequestMove if move is not RequestMove.TELL),
    ],
)
def test_what_another_step_says_is_refused_and_nothing_is_decided(move: RequestMove, name: str, said: str) -> None:
    w = world(subject(S.REGISTERED, offices=(UPTD.agency,)), FILLED)
    request = ask(w, Right.ERASURE)
    with pytest.raises(Reject) as refused:
        act(w, request, move, **{name: said})
    assert refused.value.errors == ((f"/data/{name}", "NOT_EXPECTED"),)
    assert now_in(w, RightsRequest, request.id).state is RequestState.RECEIVED


def test_a_hold_keeps_the_key_and_its_end_ends_it() -> None:
    w = world(subject(S.REGISTERED, offices=(UPTD.agency,)), FILLED)
    hold: LegalHold = w.run(PlaceHold(subjects=("P-004",), basis="POLICE_REPORT"), DPO).answer
    assert act(w, ask(w, Right.ERASURE), RequestMove.GRANT).remains == ("LEGAL_HOLD",)
    assert now_in(w, Vault, "P-004") == FILLED
    w.run(MoveHold(hold=hold.id, subjects=hold.subjects, lift=True), DPO)
    assert is_gone(w)
    assert now_in(w, Timer, timer_id(REVIEW, hold.id)).status is TimerStatus.STOPPED


def test_a_hold_is_looked_at_again_and_never_ends_by_itself() -> None:
    w = world(subject(S.REGISTERED))
    hold: LegalHold = w.run(PlaceHold(subjects=("P-004",), basis="COURT"), DPO).answer
    timer = now_in(w, Timer, timer_id(REVIEW, hold.id))
    assert NOW + timedelta(days=180) == timer.due_at
    w.fire(timer)
    assert now_in(w, LegalHold, hold.id).review_due
    assert (hold.id,) == now_in(w, Subject, "P-004").holds
    w.run(MoveHold(hold=hold.id, subjects=hold.subjects, lift=False), DPO)
    assert not now_in(w, LegalHold, hold.id).review_due


def test_whoever_placed_a_hold_is_told_of_each_review_and_again_until_they_looked() -> None:
    w = world(subject(S.REGISTERED))
    hold: LegalHold = w.run(PlaceHold(subjects=("P-004",), basis="COURT"), DPO).answer
    told = []
    for reviewed in (False, True):
        if reviewed:
            w.run(MoveHold(hold=hold.id, subjects=hold.subjects, lift=False), DPO)
        for reminded in (0, 14):
            timer = now_in(w, Timer, timer_id(REVIEW, hold.id))
            assert timer.due_at == now_in(w, LegalHold, hold.id).review_at + timedelta(days=reminded)
            [due] = w.fire(timer).events
            assert isinstance(due.data, HoldReviewDue)
            assert (due.data.agency, due.data.hold_ref, due.key) == (DPO.agency, hold.id, hold.id)
            told.append(due.id)
    assert len(set(told)) == 4, "each is told, none twice"
    w.run(MoveHold(hold=hold.id, subjects=hold.subjects, lift=True), DPO)
    assert w.fire(now_in(w, Timer, timer_id(REVIEW, hold.id))).events == []


def test_a_refusal_names_a_reason_of_the_law() -> None:
    for code in (*refusals(), None, "BECAUSE"):
        w = world(subject(S.REGISTERED))
        request = ask(w, Right.ERASURE)
        if code in refusals():
            assert RequestState.REFUSED is act(w, request, RequestMove.REFUSE, refusal=code).state
        else:
            with pytest.raises(Reject):
                act(w, request, RequestMove.REFUSE, refusal=code)


def test_the_answer_is_told_by_an_officer_or_kept_silent_for_safety() -> None:
    for telling in Telling:
        w = world(subject(S.REGISTERED))
        request = act(w, ask(w, Right.ERASURE), RequestMove.REFUSE, refusal="ENDANGERS_SUBJECT")
        assert request.legal_moves() == ("TELL",)
        assert (RequestState.CLOSED, telling) == (
            (closed := act(w, request, RequestMove.TELL, telling=telling)).state,
            closed.telling,
        )


def blocked(w: World) -> list[str]:
    """With what codes work on the person is refused."""
    choice = Choice(purpose="SERVICE", given=True)
    yes = RecordConsents(subject="P-004", occurred_at=NOW, given_by=GivenBy.SELF, language="dawan", choices=(choice,))
    codes = []
    for command in (told(), MoveSubject(subject="P-004", move=Move.DECLINE, occurred_at=NOW, data={}), yes):
        with pytest.raises(Reject) as refused:
            w.run(command, UPTD)
        codes.append(refused.value.code)
    return codes


def test_a_restriction_stops_all_work_until_the_last_one_is_lifted() -> None:
    w = world(subject(S.REGISTERED))
    requests = [act(w, ask(w, Right.RESTRICTION), RequestMove.GRANT) for _ in range(2)]
    assert blocked(w) == ["RESTRICTED"] * 3
    act(w, requests[0], RequestMove.LIFT)
    assert blocked(w) == ["RESTRICTED"] * 3
    told_ = act(w, requests[1], RequestMove.TELL, telling=Telling.TOLD)
    act(w, told_, RequestMove.LIFT)
    w.run(told(), UPTD)


def test_nothing_is_done_with_somebody_who_was_erased() -> None:
    w = world(subject(S.REGISTERED, erased_at=NOW))
    assert blocked(w) == ["ERASED"] * 3
    with pytest.raises(Reject, match="ERASED"):
        ask(w, Right.RESTRICTION)


def test_a_correction_replaces_identity_made_from_what_is_there() -> None:
    w = world(subject(S.REGISTERED), FILLED)
    request = ask(w, Right.CORRECTION, sealed=b"wish")
    better = Sealed(c3=b"better", c4=b"signs", nik_index=b"m", index_version="1")
    with pytest.raises(Reject, match="CHANGED_MEANWHILE"):
        act(w, request, RequestMove.GRANT, corrected=Corrected(vault_version=7, sealed=better))
    act(w, request, RequestMove.GRANT, corrected=Corrected(vault_version=1, sealed=better))
    assert better == now_in(w, Vault, "P-004").sealed


def test_no_correction_replaces_identity_under_a_legal_hold() -> None:
    w = world(subject(S.REGISTERED), FILLED)
    request = ask(w, Right.CORRECTION, sealed=b"wish")
    hold: LegalHold = w.run(PlaceHold(subjects=("P-004",), basis="COURT"), DPO).answer
    corrected = Corrected(vault_version=1, sealed=Sealed(c3=b"better"))
    with pytest.raises(Reject, match="HELD"):
        act(w, request, RequestMove.GRANT, corrected=corrected)
    assert now_in(w, Vault, "P-004") == FILLED
    assert now_in(w, RightsRequest, request.id).state is RequestState.RECEIVED
    w.run(MoveHold(hold=hold.id, subjects=hold.subjects, lift=True), DPO)
    act(w, request, RequestMove.GRANT, corrected=corrected)
    assert now_in(w, Vault, "P-004").sealed == corrected.sealed


def test_a_correction_says_what_is_right_and_others_say_nothing() -> None:
    for right, sealed in ((Right.CORRECTION, None), (Right.ERASURE, b"wish")):
        with pytest.raises(Reject):
            ask(world(subject(S.REGISTERED)), right, sealed=sealed)


def test_an_answer_that_is_late_is_told_rung_by_rung_and_changes_no_state() -> None:
    w = world(subject(S.REGISTERED))
    request = ask(w, Right.CORRECTION, sealed=b"wish")
    assert NOW + timedelta(hours=72) == request.due_at
    ids = []
    for rung in range(4):
        work = w.fire(now_in(w, Timer, timer_id(CLOCK, request.id)))
        [told_] = work.events
        assert isinstance(told_.data, RequestOverdue)
        assert (rung, UPTD.agency) == (told_.data.rung, told_.data.agency)
        ids.append(told_.id)
    assert len(set(ids)) == 4, "each rung is an event of its own"
    late = now_in(w, RightsRequest, request.id)
    assert (late.late, late.state) == (True, RequestState.RECEIVED)


def test_an_answer_in_time_stops_the_clock() -> None:
    w = world(subject(S.REGISTERED))
    request = act(w, ask(w, Right.RESTRICTION), RequestMove.GRANT)
    timer = now_in(w, Timer, timer_id(CLOCK, request.id))
    assert TimerStatus.STOPPED is timer.status
    assert w.fire(timer).events == []


def test_who_was_stopped_is_known_to_the_posko_for_thirty_days_and_to_nobody_after_ninety() -> None:
    offices = (POSKO.agency, UPTD.agency)
    for days, left, erased in ((29, offices, False), (30, (UPTD.agency,), False), (90, (UPTD.agency,), True)):
        came = NOW - timedelta(days=days)
        w = world(subject(S.PROSPECTIVE_WORKER, offices=offices, created_at=came), FILLED)
        for rule in retention():
            w.run(ApplyRetention(subject="P-004", rule=rule))
        after = now_in(w, Subject, "P-004")
        assert (left, erased) == (after.offices, after.erased_at is not None), days
        assert erased == (now_in(w, Vault, "P-004").erased_at is not None)


STATES = st.sampled_from(list(S))
DAYS = st.integers(0, 800)


@given(STATES, DAYS, st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["INTERDICTION", "KEMLU"]))
def test_no_key_dies_under_a_hold_in_a_case_or_before_its_day(
    state: S, days: int, held: bool, trained: bool, agreed: bool, source: str
) -> None:
    consents = subject().consents
    w = world(subject(state))
    if agreed and state is not S.HANDED_TO_CASE:
        choice = Choice(purpose=schedule().training_consent, given=True)
        answer = RecordConsents(
            subject="P-004", occurred_at=NOW, given_by=GivenBy.SELF, language="dawan", choices=(choice,)
        )
        consents = w.run(answer, UPTD).answer.consents
    one = subject(
        state,
        source=source,
        created_at=NOW - timedelta(days=days),
        holds=("H-1",) if held else (),
        training_at=NOW if trained else None,
        consents=consents,
    )
    extended = 180 if trained and consents else 0
    for rule in (row for row in retention().values() if row.does == "DESTROY_KEY"):
        is_due = verdict(one, rule, schedule().training_consent, NOW) is Verdict.DUE
        came_so = ("INTERDICTION" if source == "INTERDICTION" else "OTHER") in rule.came_by
        expected = came_so and not held and state is not S.HANDED_TO_CASE and days >= rule.after_days + extended
        assert expected == is_due


def test_a_hold_that_came_meanwhile_counts() -> None:
    old = subject(S.PROSPECTIVE_WORKER, created_at=NOW - timedelta(days=90), holds=("H-1",))
    w = world(old, FILLED)
    w.run(ApplyRetention(subject="P-004", rule="POSKO_KEY"))
    assert now_in(w, Vault, "P-004") == FILLED


def test_what_the_ledger_says_is_erased_again_whatever_a_back_up_says() -> None:
    w = world(subject(S.REGISTERED, holds=("H-1",)), FILLED)
    w.run(EraseAgain(subject="P-004"))
    assert is_gone(w)


def test_a_stops_own_details_go_after_all_its_people() -> None:
    w = world()
    w.run(stop(person(1), person(2), sealed=Sealed(c3=b"village")), POSKO)
    ending = EraseStop(interdiction="I-001", people=("P-001", "P-002"))
    w.run(EraseAgain(subject="P-001"))
    w.run(ending)
    assert now_in(w, Interdiction, "I-001").erased_at is None
    w.run(EraseAgain(subject="P-002"))
    w.run(ending)
    assert is_gone(w, "I-001")


def test_a_tombstone_lets_nobody_in_again() -> None:
    for owner in ("P-001", "I-001"):
        gone = Vault(id=owner, version=2, sealed=Sealed(), erased_at=NOW)
        with pytest.raises(Reject, match="ERASED"):
            world(gone).run(stop(person(1), sealed=Sealed(c3=b"village")), POSKO)
