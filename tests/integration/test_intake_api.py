"""Intake over HTTP on a real database: who comes in, who sees what, and what leaves."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events.case_v1 import CaseDrafted, CaseOpened, ManagerChanged
from shared.events.intake_v1 import ConsentRecorded, InterdictionRecorded, SubjectHandedToCase, SubjectRegistered
from shared.kernel.clock import system_clock
from shared.kernel.ids import new_id
from tests.support.addresses import Addresses
from tests.support.intake import ALOR, BP3MI, MANAGER, POLICE, POSKO, TTS, UPTD, Intake, running_intake

pytestmark = pytest.mark.integration

CANARY = "Kenari Rahasia"
NIK = "5302994107901234"
VILLAGE = "53.02.01.2012"


@pytest.fixture
async def intake(stack: Addresses, unique: str) -> AsyncIterator[Intake]:
    async with running_intake(stack, unique) as running:
        yield running


def now() -> str:
    return system_clock().isoformat()


def returnee(**more: Any) -> dict[str, Any]:
    """V-040 as the unit takes her in: no papers, and a name that she prefers to keep."""
    return {"occurred_at": now(), "source": "BP3MI_DEBARKASI", "host": "53.71", "abroad": True, "sex": "F"} | more


def stop(**more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "occurred_at": now(),
        "checkpoint": "KOE",
        "destination": "MY",
        "legal_basis": "UU18_2017_ART40",
        "people": [{"kabupaten": "53.02"}],
    }
    return body | more


def screening(*indicators: str, facts: tuple[str, ...] = (), private: bool = True) -> dict[str, Any]:
    return {
        "occurred_at": now(),
        "private": private,
        "confirmed": True,
        "indicators": list(indicators),
        "facts": list(facts),
        "note": f"{CANARY} tells",
    }


def answers(*choices: tuple[str, bool], by: str = "SELF") -> dict[str, Any]:
    given = [{"purpose": purpose, "given": answer} for purpose, answer in choices]
    return {"occurred_at": now(), "given_by": by, "language": "tetun", "choices": given}


def hand_over() -> dict[str, str]:
    return {"move": "HAND_OVER", "occurred_at": now()}


async def taken_in(intake: Intake, **more: Any) -> str:
    """Somebody new in intake; answers their path."""
    answer = await intake.call(UPTD, "POST", "/v1/subjects", returnee(**more))
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def in_case(intake: Intake) -> str:
    """Somebody who was handed over, whose case a manager took; answers their path."""
    person = await taken_in(intake, identity={"full_name": CANARY})
    await intake.post(UPTD, f"{person}/screenings", screening())
    await intake.move(UPTD, person, hand_over())
    ref, common = person.rpartition("/")[2], {"occurred_at": system_clock(), "case_no": "NTT-2026-048213"}
    office = "UPTD_PPA-53.71"
    drafted = CaseDrafted(**common, case_ref="C-1", subject_ref=ref, proposed_lead=office, host="53.71", risk=None)
    await intake.feed("case-events", drafted, key="C-1")
    await intake.feed("case-events", CaseOpened(**common, case_ref="C-1", lead=office, manager=MANAGER), key="C-1")
    return person


async def test_a_returnee_without_papers_or_name_is_taken_in_screened_and_handed_over(intake: Intake) -> None:
    person = await taken_in(intake)
    before = await intake.read(UPTD, person)
    assert (before["state"], before["age_band"], before["legal_moves"]) == ("REGISTERED", "UNKNOWN", ["DECLINE"])
    assert await intake.read(UPTD, f"{person}/identity") == {
        "ref": before["ref"], "aliases": [], "phones": [], "full_name": None, "nik": None, "nik_status": None,
        "passport_no": None, "birth_date": None, "mother_name": None, "village": None, "masked": [],
    }  # fmt: skip

    await intake.post(UPTD, f"{person}/screenings", screening())
    await intake.post(UPTD, f"{person}/consents", answers(("SHARE_BP2MI", True), ("POLICE_REPORT", False)))
    after = await intake.move(UPTD, person, hand_over())
    assert (after["state"], after["finding"]) == ("HANDED_TO_CASE", "RETURNEE_NON_TIP")

    [fact] = await intake.events(SubjectHandedToCase)
    assert (fact["state"], fact["abroad"], fact["handed_by"]) == ("RETURNEE_NON_TIP", True, "UPTD_PPA-53.71")
    assert [(c["purpose"], c["given"]) for c in fact["consents"]] == [
        ("SHARE_BP2MI", True),
        ("POLICE_REPORT", False),
    ]
    assert [e["given"] for e in await intake.events(ConsentRecorded)] == [True, False]


async def test_identity_is_opened_for_those_who_work_with_the_person_and_for_nobody_else(intake: Intake) -> None:
    identity = {"full_name": CANARY, "aliases": ["Nona"], "nik": NIK, "phones": ["0812 3456 7890"], "village": VILLAGE}
    person = await taken_in(intake, identity=identity)

    shown = await intake.read(UPTD, f"{person}/identity")
    assert identity.items() <= shown.items()
    assert shown["nik_status"] == "PARSED_OK"
    assert (await intake.read(UPTD, person))["kabupaten"] == "53.02"
    for stranger in (POSKO, POLICE, BP3MI, TTS, MANAGER):
        for path in (person, f"{person}/identity", f"{person}/timeline"):
            assert (await intake.call(stranger, "GET", path)).status_code == 404
    absent = await intake.call(POSKO, "GET", f"/v1/subjects/{new_id()}/identity")
    hidden = await intake.call(POSKO, "GET", f"{person}/identity")
    assert {**absent.json(), "correlation_id": ""} == {**hidden.json(), "correlation_id": ""}


async def test_nothing_that_was_typed_is_stored_in_the_clear(intake: Intake) -> None:
    phone = "081234567890"
    person = await taken_in(
        intake, identity={"full_name": CANARY, "nik": NIK, "phones": [phone], "village": VILLAGE}, note=f"{CANARY}!"
    )
    await intake.post(UPTD, f"{person}/screenings", screening("RECRUIT", "FORCE", facts=("PREGNANCY",)))
    kept = await intake.everything(intake.settings.mongo_database)

    for secret in (CANARY, NIK, phone, VILLAGE, "PREGNANCY", "FORCE"):
        assert secret not in kept
    [vault] = await intake.rows("vault")
    assert {len(vault["sealed"]["nik_index"])} | {len(index) for index in vault["sealed"]["phone_indexes"]} == {32}


async def test_a_number_that_somebody_else_has_already_is_met_with_silence(intake: Intake) -> None:
    first = await intake.call(UPTD, "POST", "/v1/subjects", returnee(identity={"nik": NIK}))
    second = await intake.call(UPTD, "POST", "/v1/subjects", returnee(identity={"nik": f"{NIK[:6]} {NIK[6:]}"}))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json().keys() == second.json().keys()
    indexes = [vault["sealed"]["nik_index"] for vault in await intake.rows("vault")]
    assert indexes[0] == indexes[1]


async def test_the_answers_of_a_round_are_for_those_who_need_to_know(intake: Intake) -> None:
    stopped = await intake.post(POSKO, "/v1/interdictions", stop(people=[{"indicators": ["BRUISES"]}]))
    person = f"/v1/subjects/{stopped['people'][0]['subject_ref']}"
    answer = await intake.call(UPTD, "POST", f"{person}/screenings", screening("RECRUIT", facts=("INJURY",)))

    done = answer.headers["location"]
    opened = await intake.read(UPTD, f"{done}?lang=en")
    assert (opened["indicators"], opened["facts"], opened["note"]) == (["RECRUIT"], ["INJURY"], f"{CANARY} tells")
    assert opened["labels"] == {"RECRUIT": "Recruitment", "INJURY": "Injury or medical need"}
    assert (await intake.call(POSKO, "GET", done)).status_code == 404
    other = await taken_in(intake)
    assert (await intake.call(UPTD, "GET", f"{other}/screenings/{done.rpartition('/')[2]}")).status_code == 404
    assert {row["action"] for row in await intake.rows("audit") if row["outcome"] == "OK"} >= {
        "INTERDICTION_RECORDED", "SUBJECT_SCREENED", "SCREENING_ANSWERS_READ", "SUBJECT_REGISTERED",
    }  # fmt: skip


async def test_the_manager_of_the_case_may_read_who_it_is_about_and_the_posko_never_learns_of_it(
    intake: Intake,
) -> None:
    person = await in_case(intake)

    assert (await intake.read(MANAGER, f"{person}/identity"))["full_name"] == CANARY
    assert (await intake.read(MANAGER, person))["case_ref"] == "C-1"
    codes = [line["code"] for line in (await intake.read(MANAGER, f"{person}/timeline"))["items"]]
    assert codes == ["REGISTERED", "SCREENED", "HAND_OVER", "CASE_DRAFTED", "CASE_OPENED"]
    refused = await intake.call(UPTD, "POST", f"{person}/consents", answers(("SERVICE", True)))
    assert (refused.status_code, refused.json()["code"]) == (409, "CONSENT_KEPT_BY_CASE")


async def test_screening_goes_on_after_the_hand_over(intake: Intake) -> None:
    person = await in_case(intake)
    indicators = ("RECRUIT", "CONFINE", "FORCED_LABOUR")
    done = await intake.post(MANAGER, f"{person}/screenings", screening(*indicators, facts=("THREATS",)))

    after = await intake.read(MANAGER, person)
    assert (done["round"], done["finding"]) == (2, "PRESUMED_VICTIM")
    assert (after["state"], after["finding"], after["risk"]) == ("HANDED_TO_CASE", "PRESUMED_VICTIM", "R2_TINGGI")


async def test_a_stop_for_a_journey_abroad_is_told_to_the_migrant_workers_office(intake: Intake) -> None:
    answer = await intake.call(POSKO, "POST", "/v1/interdictions", stop())

    [fact] = await intake.events(InterdictionRecorded)
    assert fact["offices"] == ["NAKER_PROV-53", "GT_KAB-53.02", "BP3MI-53"]
    seen = await intake.read(BP3MI, answer.headers["location"])
    assert (seen["people_count"], seen["people"], seen["origins"]) == (1, [], {})


async def test_a_stop_on_the_road_shows_the_kabupaten_and_seals_the_village(intake: Intake) -> None:
    on_the_road = stop(checkpoint=None, village=VILLAGE, destination="61.71", legal_basis="PERMENAKER_18_2024")
    answer = await intake.call(TTS, "POST", "/v1/interdictions", on_the_road)

    assert (answer.json()["kabupaten"], answer.json()["checkpoint"]) == ("53.02", None)
    assert VILLAGE not in await intake.everything(intake.settings.mongo_database)
    path = answer.headers["location"]
    assert (await intake.read(TTS, f"{path}/details"))["village"] == VILLAGE
    for other in (ALOR, POSKO):
        assert (await intake.call(other, "GET", f"{path}/details")).status_code == 404


async def test_only_a_posko_records_stops(intake: Intake) -> None:
    for outsider in (UPTD, POLICE, BP3MI):
        answer = await intake.call(outsider, "POST", "/v1/interdictions", stop())
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert await intake.rows("interdictions") == []


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"legal_basis": "PERMENAKER_18_2024"}, "/legal_basis", "NO_LEGAL_BASIS"),
        ({"occurred_at": "2199-01-01T00:00:00+08:00"}, "/occurred_at", "IN_THE_FUTURE"),
    ],
)
async def test_a_refused_stop_leaves_nobody_behind(intake: Intake, more: Any, pointer: str, code: str) -> None:
    answer = await intake.call(POSKO, "POST", "/v1/interdictions", stop(**more, recruiters=[{"name": CANARY}]))

    assert (answer.status_code, answer.json()["errors"]) == (422, [{"pointer": pointer, "code": code}])
    for name in ("interdictions", "subjects", "vault", "outbox"):
        assert await intake.rows(name) == []
    assert await intake.rows("arrivals", "suspects") == []
    [row] = await intake.rows("audit")
    assert row["outcome"] != "OK"


async def test_the_same_request_twice_is_one_stop(intake: Intake) -> None:
    body, key = stop(recruiters=[{"tie": "FAMILY"}]), new_id()
    first = await intake.call(POSKO, "POST", "/v1/interdictions", body, Idempotency_Key=key)
    again = await intake.call(POSKO, "POST", "/v1/interdictions", body, Idempotency_Key=key)

    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert [len(await intake.rows(name)) for name in ("interdictions", "subjects")] == [1, 1]
    assert len(await intake.rows("arrivals", "suspects")) == 1


async def test_a_stop_that_is_sent_again_makes_no_more_keys(intake: Intake) -> None:
    people = [{**person, "ref": new_id()} for person in stop()["people"]]
    body = stop(ref=new_id(), people=people, recruiters=[{"tie": "FAMILY"}, {"phone": "0812 3456 7890"}])
    key = new_id()
    assert (await intake.call(POSKO, "POST", "/v1/interdictions", body, Idempotency_Key=key)).status_code == 201
    made = await keys_of(intake)
    again = await intake.call(POSKO, "POST", "/v1/interdictions", body, Idempotency_Key=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert await keys_of(intake) == made


async def keys_of(intake: Intake) -> list[int]:
    """How many data keys there are, of people and of suspects."""
    native = intake.running.runtime.mongo.native
    return [await native[name]["keys"].count_documents({}) for name in intake.settings.key_databases]


async def test_a_reference_that_is_taken_is_a_conflict(intake: Intake) -> None:
    ref = new_id()
    await intake.post(POSKO, "/v1/interdictions", stop(ref=ref))
    answer = await intake.call(POSKO, "POST", "/v1/interdictions?lang=en", stop(ref=ref))

    assert (answer.status_code, answer.json()["code"]) == (409, "REF_TAKEN")
    assert answer.json()["title"] == "This reference has been used before"


async def test_a_move_needs_the_state_that_was_read(intake: Intake) -> None:
    person = await taken_in(intake)
    body = {"move": "DECLINE", "occurred_at": now()}
    tag = (await intake.call(UPTD, "GET", person)).headers["etag"]

    assert (await intake.call(UPTD, "POST", f"{person}/moves", body)).status_code == 428
    await intake.post(UPTD, f"{person}/consents", answers(("SERVICE", False)))
    stale = await intake.call(UPTD, "POST", f"{person}/moves", body, If_Match=tag)
    assert (stale.status_code, stale.json()["changed"]) == (412, ["consents"])
    declined = await intake.move(UPTD, person, body)
    assert (declined["state"], declined["legal_moves"]) == ("DECLINED", ["REOPEN"])
    illegal = await intake.call(
        UPTD, "POST", f"{person}/moves", hand_over(), If_Match=(await intake.call(UPTD, "GET", person)).headers["etag"]
    )
    assert (illegal.status_code, illegal.json()["legal_moves"]) == (409, ["REOPEN"])


async def test_a_stop_moves_on_and_people_may_go(intake: Intake) -> None:
    answer = await intake.call(POSKO, "POST", "/v1/interdictions", stop())
    moved = await intake.move(POSKO, answer.headers["location"], {"move": "RELEASED", "occurred_at": now()})

    assert (moved["state"], moved["legal_moves"]) == ("RELEASED", ["CLOSED"])
    assert moved["labels"]["state"] == "Dipersilakan pergi"


async def test_a_child_is_told_to_the_unit_and_its_yes_needs_an_adult(intake: Intake) -> None:
    person = await taken_in(intake, age=15, age_basis="BAPTISM")
    [fact] = await intake.events(SubjectRegistered)
    assert (fact["as_child"], fact["age_band"], fact["offices"]) == (True, "15-17", ["UPTD_PPA-53.71"])

    refused = await intake.call(UPTD, "POST", f"{person}/consents", answers(("SERVICE", True)))
    assert refused.json()["errors"] == [{"pointer": "/given_by", "code": "CHILD_NEEDS_GUARDIAN"}]
    given = await intake.post(UPTD, f"{person}/consents", answers(("SERVICE", True), by="GUARDIAN"))
    assert [(c["purpose"], c["given_by"]) for c in given["consents"]] == [("SERVICE", "GUARDIAN")]


async def test_lists_show_ones_own_people_newest_first(intake: Intake) -> None:
    paths = [await taken_in(intake) for _ in range(3)]
    await intake.post(POSKO, "/v1/interdictions", stop())

    mine = (await intake.read(UPTD, "/v1/subjects?state=REGISTERED"))["items"]
    assert [item["ref"] for item in mine] == [path.rpartition("/")[2] for path in reversed(paths)]
    assert [item["state"] for item in (await intake.read(POSKO, "/v1/subjects"))["items"]] == ["PROSPECTIVE_WORKER"]
    assert (await intake.read(POSKO, "/v1/interdictions?checkpoint=KOE"))["items"][0]["people_count"] == 1
    assert (await intake.read(POSKO, "/v1/interdictions?checkpoint=TENAU"))["items"] == []


async def test_who_no_longer_manages_the_case_no_longer_finds_the_person(intake: Intake) -> None:
    person = await in_case(intake)
    assert (await intake.read(MANAGER, f"{person}/identity"))["full_name"] == CANARY
    changed = ManagerChanged(
        occurred_at=system_clock(), case_no="NTT-2026-048213", case_ref="C-1", lead="UPTD_PPA-53.71", manager="O-99"
    )
    await intake.feed("case-events", changed, key="C-1")

    for rest in ("", "/identity", "/timeline", "/screenings"):
        assert (await intake.call(MANAGER, "GET", f"{person}{rest}")).status_code == 404
    assert (await intake.read(MANAGER, "/v1/subjects"))["items"] == []
