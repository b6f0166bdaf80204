"""What becomes of a person in intake."""

from datetime import timedelta

import pytest

from services.intake.api.subjects import last_answers
from services.intake.commands import commands
from services.intake.commands.consents import Choice, RecordConsents
from services.intake.commands.moves import MoveSubject
from services.intake.domain.states import NEXT, Move, SubjectState, legal_moves
from services.intake.handlers import handlers
from shared.events.case_v1 import CaseDrafted, CaseOpened
from shared.events.intake_v1 import ConsentRecorded, ScreeningCompleted, SubjectHandedToCase
from shared.kernel.consent import GivenBy
from shared.kernel.errors import Kind, Reject
from tests.support.pure import NOW, World, event
from tests.unit.intake.given import CHILD, POSKO, UPTD, returnee, subject, told

S = SubjectState
ALL = ("RECRUIT", "TRANSPORT", "FORCE", "ABUSE_VULN", "WITHHOLDS_DOCUMENTS", "LABOUR_EXPLOIT")
WITHOUT_MEANS = ("RECRUIT", "LABOUR_EXPLOIT")


def run(command, *given):
    return World(commands, given).run(command, UPTD)


def screened(command, given):
    work = run(command, given)
    return next(a for a in work.changed.values() if a.id == given.id), work.events[-1].data


def answers(*choices, by=GivenBy.SELF, at=NOW):
    return RecordConsents(
        subject="P-004",
        occurred_at=at,
        given_by=by,
        language="dawan",
        choices=tuple(Choice(purpose=p, given=g) for p, g in choices),
    )


def move(name, **data):
    return MoveSubject(subject="P-004", move=name, occurred_at=NOW, data=data)


def test_a_private_talk_that_confirms_all_elements_makes_a_presumed_victim() -> None:
    person, fact = screened(told(*ALL, facts=("INJURY", "RECRUITER_NEARBY")), subject())

    assert (person.state, person.risk) == (S.PRESUMED_VICTIM, "R1_DARURAT")
    assert isinstance(fact, ScreeningCompleted)
    assert (fact.state, fact.risk, fact.offices) == ("PRESUMED_VICTIM", "R1_DARURAT", ("UPTD_PPA-53.71",))


@pytest.mark.parametrize(("private", "confirmed"), [(True, False), (False, True), (False, False)])
def test_without_a_private_talk_that_confirms_it_stays_open(private, confirmed) -> None:
    person, _ = screened(told(*ALL, private=private, confirmed=confirmed), subject())

    assert person.state is S.UNDETERMINED


def test_for_a_child_the_means_do_not_matter() -> None:
    assert screened(told(*WITHOUT_MEANS), subject(age=CHILD))[0].state is S.PRESUMED_VICTIM
    assert screened(told(*WITHOUT_MEANS), subject())[0].state is S.UNDETERMINED


def test_where_a_private_talk_brings_up_nothing_people_are_what_they_came_as() -> None:
    assert screened(told(), subject())[0].state is S.PROSPECTIVE_WORKER
    assert screened(told(), subject(source="KEMLU", abroad=True))[0].state is S.RETURNEE_NON_TIP
    assert screened(told(), subject(source="WALK_IN"))[0].state is S.UNDETERMINED
    assert screened(told(private=False), subject())[0].state is S.UNDETERMINED


def test_the_risk_falls_once_the_recruiter_is_gone_and_no_care_is_needed() -> None:
    world = World(commands, [subject()])
    world.run(told(*ALL, facts=("INJURY", "RECRUITER_NEARBY")), UPTD)
    again = world.run(told(*ALL, facts=("SUSPECT_KNOWS_ADDRESS",)), UPTD)

    assert (again.answer.round, again.answer.risk) == (2, "R2_TINGGI")


def test_rounds_never_overwrite_each_other() -> None:
    world = World(commands, [subject()])
    first, second = world.run(told(*ALL), UPTD).answer, world.run(told(*ALL, confirmed=False), UPTD).answer

    assert first.id != second.id
    assert (first.finding, second.finding) == (S.PRESUMED_VICTIM, S.UNDETERMINED)


@pytest.mark.parametrize("state", [S.SCREENING, S.HANDED_TO_CASE])
@pytest.mark.parametrize("later", [told(), told(private=False), told(*WITHOUT_MEANS), told("RECRUIT")])
def test_no_round_makes_a_worker_of_somebody_who_was_presumed_a_victim(state, later) -> None:
    world = World(commands, [subject(state)])
    findings = [world.run(each, UPTD).answer.finding for each in (told(*ALL), later, later, told())]

    assert findings == [S.PRESUMED_VICTIM, S.UNDETERMINED, S.UNDETERMINED, S.UNDETERMINED]


def test_after_a_hand_over_a_round_changes_the_finding_and_not_the_state() -> None:
    person, fact = screened(told(*ALL), subject(S.HANDED_TO_CASE, finding=S.UNDETERMINED))

    assert (person.state, person.finding, fact.state) == (S.HANDED_TO_CASE, S.PRESUMED_VICTIM, "PRESUMED_VICTIM")


def test_the_answers_stay_in_the_vault() -> None:
    work = run(told(*ALL), subject())

    kept = str([a.model_dump() for a in work.changed.values()]) + str([e.data for e in work.events])
    assert not [code for code in ALL if code in kept]


def test_a_person_who_declined_is_not_screened() -> None:
    with pytest.raises(Reject) as refused:
        run(told(*ALL), subject(S.DECLINED))

    assert (refused.value.kind, refused.value.legal_moves) == (Kind.ILLEGAL_MOVE, ("REOPEN",))


def test_a_hand_over_carries_the_finding_and_the_last_answer_to_each_purpose() -> None:
    world = World(commands, [subject(S.PRESUMED_VICTIM, finding=S.PRESUMED_VICTIM, risk="R1_DARURAT")])
    earlier = NOW - timedelta(hours=1)
    world.run(answers(("SHARE_LPSK", False), ("POLICE_REPORT", True), at=earlier), UPTD)
    world.run(answers(("SHARE_LPSK", True)), UPTD)
    [emitted] = world.run(move(Move.HAND_OVER), UPTD).events

    fact = emitted.data
    assert isinstance(fact, SubjectHandedToCase)
    assert {c.purpose: (c.given, c.answered_at) for c in fact.consents} == {
        "SHARE_LPSK": (True, NOW),
        "POLICE_REPORT": (True, earlier),
    }
    assert (fact.state, fact.handed_by, fact.host, fact.abroad) == ("PRESUMED_VICTIM", UPTD.agency, "53.71", False)


def test_a_yes_that_is_entered_late_sends_nobody_to_the_police_who_said_no_since() -> None:
    world = World(commands, [subject(S.PRESUMED_VICTIM, finding=S.PRESUMED_VICTIM)])
    world.run(answers(("SHARE_POLICE", False), ("SERVICE", False)), UPTD)
    late = world.run(answers(("SHARE_POLICE", True), at=NOW - timedelta(hours=2)), UPTD).answer
    world.run(answers(("SERVICE", True)), UPTD)
    [emitted] = world.run(move(Move.HAND_OVER), UPTD).events

    assert {c.purpose: c.given for c in emitted.data.consents} == {"SHARE_POLICE": False, "SERVICE": False}
    assert {shown.purpose: shown.given for shown in last_answers(late.consents)}["SHARE_POLICE"] is False


def test_nobody_is_handed_over_unscreened() -> None:
    with pytest.raises(Reject) as refused:
        run(move(Move.HAND_OVER), subject(S.PROSPECTIVE_WORKER))

    assert refused.value.legal_moves == ("GUIDE",)


def test_guidance_says_whether_the_list_was_given_and_what_came_of_the_training() -> None:
    with pytest.raises(Reject) as refused:
        run(move(Move.GUIDE), subject(S.PROSPECTIVE_WORKER))
    assert refused.value.errors == (("/data/list_given", "REQUIRED"), ("/data/training", "REQUIRED"))

    guided = run(move(Move.GUIDE, list_given=True, training="REFUSED"), subject(S.PROSPECTIVE_WORKER)).answer
    assert guided.state is S.GUIDED


def test_each_answer_is_a_fact_of_its_own() -> None:
    work = run(answers(("SERVICE", True), ("MEDIA", False)), subject())

    assert [(e.data.purpose, e.data.given) for e in work.events if isinstance(e.data, ConsentRecorded)] == [
        ("SERVICE", True),
        ("MEDIA", False),
    ]


def test_a_child_cannot_agree_alone_but_can_refuse() -> None:
    child = subject(age=CHILD)

    with pytest.raises(Reject) as refused:
        run(answers(("SERVICE", True)), child)
    assert refused.value.errors == (("/given_by", "CHILD_NEEDS_GUARDIAN"),)
    assert run(answers(("SERVICE", False)), child).answer.consents
    assert run(answers(("SERVICE", True), by=GivenBy.GUARDIAN), child).answer.consents


def test_purposes_that_nobody_can_ask_about_are_refused() -> None:
    for purpose in ("ANYTHING", "SHARE_POKJA"):
        with pytest.raises(Reject):
            run(answers((purpose, True)), subject())


def test_after_the_hand_over_the_case_keeps_consent() -> None:
    with pytest.raises(Reject) as refused:
        run(answers(("SERVICE", True)), subject(S.HANDED_TO_CASE))

    assert refused.value.code == "CONSENT_KEPT_BY_CASE"


def test_a_returnee_without_a_number_or_an_age_is_taken_in() -> None:
    person = World(commands).run(returnee(), UPTD).answer

    assert (person.state, person.abroad, person.age.band, person.age.as_child) == (S.REGISTERED, True, "UNKNOWN", False)


def test_the_case_and_its_manager_are_remembered() -> None:
    world = World(handlers, [subject(S.HANDED_TO_CASE)])
    world.handle(event(drafted("C-1")))
    world.handle(event(CaseOpened(
        occurred_at=NOW, case_ref="C-1", case_no="NTT-2026-048213", lead="UPTD_PPA-53.71", manager="O-21"
    )))  # fmt: skip
    person = world.overlay.slots[(type(subject()), "P-004")].now

    assert (person.case_ref, person.manager) == ("C-1", "O-21")


def test_a_person_is_in_one_case_alone() -> None:
    world = World(handlers, [subject(S.HANDED_TO_CASE, case_ref="C-1")])

    world.handle(event(drafted("C-1")))
    with pytest.raises(Reject) as refused:
        world.handle(event(drafted("C-2")))
    assert refused.value.kind is Kind.CONFLICT


def test_a_case_about_somebody_unknown_waits_for_them() -> None:
    with pytest.raises(Reject) as refused:
        World(handlers).handle(event(drafted("C-1")))

    assert refused.value.waits_for is not None
    assert refused.value.waits_for.id == "P-004"


def drafted(case_ref):
    return CaseDrafted(
        occurred_at=NOW, case_ref=case_ref, case_no="NTT-2026-048213", subject_ref="P-004",
        proposed_lead="UPTD_PPA-53.71", host="53.71", risk=None,
    )  # fmt: skip


@pytest.mark.parametrize("state", SubjectState)
def test_each_state_has_its_steps_and_each_move_leads_along_one(state) -> None:
    assert NEXT[state] <= set(SubjectState)
    for name in legal_moves(state):
        data = {"list_given": True, "training": "ACCEPTED", "receiver": "GT_KAB-53.02"}
        moved = World(commands, [subject(state, finding=S.UNDETERMINED)]).run(move(Move(name), **data), POSKO)
        assert moved.answer.state in NEXT[state]
