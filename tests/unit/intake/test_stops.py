"""Recording a stop."""

from datetime import timedelta

import pytest

from services.intake.commands import commands
from services.intake.domain.age import AgeBasis, AgeClaim
from services.intake.domain.interdiction import Interdiction, InterdictionState, counted_by, rows_for
from services.intake.domain.recruiter import RecruiterArrival
from services.intake.domain.states import SubjectState
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Vault
from shared.events.intake_v1 import InterdictionRecorded, SubjectRegistered
from shared.kernel.errors import Kind, Reject
from tests.support.pure import NOW, World
from tests.unit.intake.given import EL_TARI, POSKO, STOPPED_AT, person, recruiter, stop

ORIGINS = ("53.02", "53.02", "53.02", "53.02", "53.02", "53.03", "53.03", "53.03", "53.21")
LOOKS_YOUNGER = AgeClaim(years=19, basis=AgeBasis.SELF, doubted=True)


def nine():
    people = [person(n, home) for n, home in enumerate(ORIGINS, start=1)]
    people[3] = person(4, "53.02", "F", signs=True)
    people[6] = person(7, "53.03", "F", age=LOOKS_YOUNGER)
    return people


def record(command, given=()):
    return World(commands, given).run(command, POSKO)


def events(work, kind):
    return [e.data for e in work.events if isinstance(e.data, kind)]


def told_of_people(work):
    return {e.subject_ref: e.offices for e in events(work, SubjectRegistered)}


def people_of(work) -> dict[str, Subject]:
    return {a.id: a for a in work.changed.values() if isinstance(a, Subject)}


def test_when_it_happened_and_when_it_was_recorded_are_kept_apart() -> None:
    interdiction = record(stop(*nine())).answer

    assert (interdiction.occurred_at, interdiction.recorded_at) == (STOPPED_AT, NOW)


def test_each_person_is_a_row_of_the_stop_and_a_subject_with_a_vault_of_their_own() -> None:
    work = record(stop(*nine()))

    refs = {f"P-{n:03}" for n in range(1, 10)}
    assert {row.subject_ref for row in work.answer.people} == refs
    assert set(people_of(work)) == refs
    assert {a.id for a in work.changed.values() if isinstance(a, Vault)} == refs


def test_nobody_becomes_a_victim_and_only_signs_or_a_doubtful_age_call_for_a_screening() -> None:
    states = {ref: subject.state for ref, subject in people_of(record(stop(*nine()))).items()}

    assert {ref for ref, state in states.items() if state is SubjectState.SCREENING} == {"P-004", "P-007"}
    assert set(states.values()) == {SubjectState.SCREENING, SubjectState.PROSPECTIVE_WORKER}


def test_the_event_counts_by_origin_and_names_the_offices() -> None:
    [told] = events(record(stop(*nine())), InterdictionRecorded)

    assert told.origins == {"53.02": 5, "53.03": 3, "53.21": 1}
    assert told.offices == ("NAKER_PROV-53", "GT_KAB-53.02", "GT_KAB-53.03", "GT_KAB-53.21", "POLRI-53")
    assert (told.people, told.recruiters) == (9, 1)


def test_the_police_are_not_told_where_nobody_showed_signs() -> None:
    [told] = events(record(stop(person(1))), InterdictionRecorded)

    assert "POLRI-53" not in told.offices


def test_the_migrant_workers_office_is_told_of_journeys_abroad() -> None:
    abroad = EL_TARI.model_copy(update={"destination": "MY"})
    [told] = events(record(stop(person(1), journey=abroad, legal_basis="UU18_2017_ART40")), InterdictionRecorded)

    assert "BP3MI-53" in told.offices


def test_people_from_other_provinces_are_no_business_of_a_task_force_there() -> None:
    [told] = events(record(stop(person(1, "35.78"), person(2, None))), InterdictionRecorded)

    assert told.offices == ("NAKER_PROV-53",)
    assert told.origins == {"35.78": 1}


def test_a_doubtful_age_is_treated_as_a_child_and_told_to_the_unit_for_children() -> None:
    work = record(stop(*nine()))

    age = people_of(work)["P-007"].age
    assert (age.basis, age.doubt, age.as_child) == (AgeBasis.SELF, True, True)
    assert told_of_people(work)["P-007"] == ("UPTD_PPA-53.71",)


def test_of_signs_the_unit_that_can_interview_the_person_is_told_whatever_the_age() -> None:
    work = record(stop(person(4, "53.02", "F", signs=True), person(5)))

    assert told_of_people(work) == {"P-004": ("UPTD_PPA-53.71",), "P-005": ()}
    assert {ref: subject.offices for ref, subject in people_of(work).items()} == {
        "P-004": (POSKO.agency, "UPTD_PPA-53.71"),
        "P-005": (POSKO.agency,),
    }


def test_a_recruiter_goes_to_the_suspects_database_and_only_the_number_stays() -> None:
    work = record(stop(*nine()))

    [arrival] = work.entries
    assert isinstance(arrival, RecruiterArrival)
    assert type(arrival).database == "suspects"
    assert work.answer.recruiters == 1
    assert not {f"P-{n:03}" for n in range(1, 10)} & set(map(str, arrival.model_dump().values()))
    assert "R-001" not in str([a.model_dump() for a in work.changed.values()])


@pytest.mark.parametrize(("tie", "close"), [("FAMILY", True), ("SAME_VILLAGE", True), ("ONLINE", False)])
def test_a_recruiter_who_would_hear_of_the_way_home_leaves_a_mark(tie, close) -> None:
    assert record(stop(person(1), recruiters=(recruiter(tie=tie),))).answer.recruiter_close is close


@pytest.mark.parametrize(
    ("basis", "destination"),
    [("NOTHING", "61.71"), ("UU18_2017_ART40", "61.71"), ("PERMENAKER_18_2024", "MY")],
)
def test_a_stop_without_a_basis_for_this_journey_is_refused(basis, destination) -> None:
    journey = EL_TARI.model_copy(update={"destination": destination})

    with pytest.raises(Reject) as refused:
        record(stop(person(1), journey=journey, legal_basis=basis))

    assert (refused.value.kind, refused.value.errors) == (Kind.INVALID, (("/legal_basis", "NO_LEGAL_BASIS"),))


def test_a_stop_of_tomorrow_is_refused() -> None:
    with pytest.raises(Reject) as refused:
        record(stop(person(1), occurred_at=NOW + timedelta(hours=1)))

    assert refused.value.errors == (("/occurred_at", "IN_THE_FUTURE"),)


def test_a_reference_is_used_once_for_a_stop_and_once_for_a_person() -> None:
    world = World(commands)
    world.run(stop(person(1)), POSKO)

    for again in (stop(person(2)), stop(person(1), ref="I-002"), stop(person(3), person(3), ref="I-003")):
        with pytest.raises(Reject) as refused:
            world.run(again, POSKO)
        assert refused.value.kind is Kind.CONFLICT


@pytest.mark.parametrize(
    ("office", "number"),
    [("NAKER_PROV-53", 9), ("GT_KAB-53.02", 5), ("GT_KAB-53.03", 3), ("GT_KAB-53.21", 1), ("GT_KAB-53.04", 0),
     ("POLRI-53", 0), ("BP3MI-53", 0), ("UPTD_PPA-53.71", 0)],
)  # fmt: skip
def test_each_home_region_counts_its_own_people_only(office, number) -> None:
    assert len(counted_by(record(stop(*nine())).answer, office)) == number


@pytest.mark.parametrize("office", ["GT_KAB-53.02", "GT_KAB-53.04", "POLRI-53", "UPTD_PPA-53.71"])
def test_nobody_but_the_posko_sees_a_row(office) -> None:
    interdiction = record(stop(*nine())).answer

    assert rows_for(interdiction, office) == ()
    assert rows_for(interdiction, interdiction.agency) == interdiction.people


def test_whoever_stopped_them_sees_all() -> None:
    interdiction = record(stop(*nine())).answer.evolve(agency="GT_KAB-53.04")

    assert len(counted_by(interdiction, "GT_KAB-53.04")) == 9


def test_no_field_speaks_of_holding_or_banning_anybody() -> None:
    fields = " ".join((*Interdiction.model_fields, *Subject.model_fields)).lower()

    assert not any(word in fields for word in ("detain", "ban", "blacklist", "arrest", "cekal"))


def test_people_may_be_let_go_without_a_reason() -> None:
    interdiction = record(stop(person(1))).answer

    assert interdiction.moved(InterdictionState.RELEASED).state is InterdictionState.RELEASED
    with pytest.raises(Reject) as refused:
        interdiction.moved(InterdictionState.CLOSED)
    assert refused.value.legal_moves == ("GUIDANCE", "RELEASED")
