"""What intake's answers and its audit give away: the same for hidden and absent, nothing that was typed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.kernel.clock import system_clock
from shared.kernel.ids import new_id
from shared.security.staff import Member
from tests.support.addresses import Addresses
from tests.support.intake import ALOR, BP3MI, DPO, MANAGER, POLICE, POSKO, TTS, UPTD, Intake, running_intake

pytestmark = pytest.mark.integration

CANARY = "KANARI-NAMA"
PHONE = "081299887766"
NUMBER = "5302994107907766"


@pytest.fixture
async def intake(stack: Addresses, unique: str) -> AsyncIterator[Intake]:
    async with running_intake(stack, unique) as running:
        yield running


def stop(**more: Any) -> dict[str, Any]:
    """A stop of one person from 53.02, before a journey within the country."""
    person = {"kabupaten": "53.02", "indicators": ["BRUISES"], "identity": {"full_name": CANARY}}
    return {
        "occurred_at": system_clock().isoformat(),
        "checkpoint": "KOE",
        "destination": "61.71",
        "legal_basis": "PERMENAKER_18_2024",
        "people": [person],
    } | more


async def stopped(intake: Intake, **more: Any) -> tuple[str, str]:
    """A stop; answers its path and that of its first person."""
    done = await intake.post(POSKO, "/v1/interdictions", stop(**more))
    return f"/v1/interdictions/{done['ref']}", f"/v1/subjects/{done['people'][0]['subject_ref']}"


def shape(answer: httpx.Response) -> tuple[int, dict[str, Any], set[str]]:
    """All that a reader can compare, but for the id of the request itself."""
    return answer.status_code, {**answer.json(), "correlation_id": ""}, set(answer.headers)


async def rows_since(intake: Intake, before: int) -> list[tuple[str, str, str]]:
    """Action, outcome and person of each later audit row."""
    rows = (await intake.rows("audit"))[before:]
    return [(row["action"], row["outcome"], row["actor"]["person"]) for row in rows]


@pytest.mark.parametrize("rest", ["", "/identity", "/timeline", "/screenings"])
@pytest.mark.parametrize("stranger", [TTS, ALOR, POLICE, BP3MI, MANAGER])
async def test_a_person_who_is_hidden_answers_like_one_who_does_not_exist(
    intake: Intake, stranger: str, rest: str
) -> None:
    _, person = await stopped(intake)
    before = len(await intake.rows("audit"))

    hidden = await intake.call(stranger, "GET", f"{person}{rest}")
    absent = await intake.call(stranger, "GET", f"/v1/subjects/{new_id()}{rest}")
    assert hidden.status_code == 404
    assert shape(hidden) == shape(absent)
    first, second = await rows_since(intake, before)
    assert first == second
    assert first[1:] == ("NOT_FOUND", stranger)


async def test_a_command_on_somebody_hidden_is_refused_before_its_body_is_looked_at(intake: Intake) -> None:
    stop_path, person = await stopped(intake)
    for path, other in ((person, "/v1/subjects"), (stop_path, "/v1/interdictions")):
        before = len(await intake.rows("audit"))
        hidden = await intake.call(TTS, "POST", f"{path}/moves", {"move": CANARY})
        absent = await intake.call(TTS, "POST", f"{other}/{new_id()}/moves", {"move": CANARY})
        assert hidden.status_code == 404
        assert shape(hidden) == shape(absent)
        assert [outcome for _, outcome, _ in await rows_since(intake, before)] == ["NOT_FOUND"] * 2


async def test_the_home_region_reads_a_count_and_nothing_of_the_person(intake: Intake) -> None:
    path, person = await stopped(intake)
    seen = await intake.read(TTS, path)
    assert (seen["people_count"], seen["origins"], seen["people"]) == (1, {"53.02": 1}, [])
    assert person.rpartition("/")[2] not in str(seen)
    assert (await intake.read(TTS, "/v1/subjects"))["items"] == []
    for denied in (f"{path}/details", f"{person}/identity"):
        assert (await intake.call(TTS, "GET", denied)).status_code == 404
    assert (await intake.call(ALOR, "GET", path)).status_code == 404


async def keep_out(intake: Intake, person: str, *refs: str) -> None:
    """As the staff feed tells it."""
    staff = intake.running.runtime.mongo.collection(Member.collection)
    await staff.update_one({"_id": person}, {"$set": {"excluded": list(refs)}})


async def test_whom_an_officer_is_kept_out_of_is_in_no_row_and_no_count_of_their_own_stop(intake: Intake) -> None:
    home = {"kabupaten": "53.02"}
    path, person = await stopped(intake, people=[home, home | {"documents": ["COMPETENCE"]}, {"kabupaten": "53.03"}])
    kept = person.rpartition("/")[2]
    before = {who: await intake.read(who, path) for who in (POSKO, TTS)}
    for who in (POSKO, TTS):
        await keep_out(intake, who, kept)
    moved = await intake.move(POSKO, path, {"move": "GUIDANCE", "occurred_at": system_clock().isoformat()})
    for seen in (await intake.read(POSKO, path), moved):
        assert [row["subject_ref"] for row in seen["people"]] == [
            row["subject_ref"] for row in before[POSKO]["people"][1:]
        ]
        assert (seen["people_count"], seen["origins"]) == (2, {"53.02": 1, "53.03": 1})
        assert kept not in str(seen)
    assert (before[TTS]["people_count"], (await intake.read(TTS, path))["people_count"]) == (2, 1)
    for who, count in ((POSKO, 2), (TTS, 1)):
        assert [item["people_count"] for item in (await intake.read(who, "/v1/interdictions"))["items"]] == [count]


async def test_a_hold_does_not_name_whom_its_reader_is_kept_out_of(intake: Intake) -> None:
    path, person = await stopped(intake, people=[{"kabupaten": "53.02"}, {"kabupaten": "53.03"}])
    kept = person.rpartition("/")[2]
    hold = await intake.post(DPO, f"{path}/holds", {"basis": "POLICE_REPORT"})
    assert kept in hold["subjects"]
    await keep_out(intake, DPO, kept)
    for seen in (await intake.read(DPO, f"/v1/holds/{hold['ref']}"), *(await intake.read(DPO, "/v1/holds"))["items"]):
        assert seen["subjects"] == [ref for ref in hold["subjects"] if ref != kept]
    [stored] = await intake.rows("legal_holds")
    assert kept in stored["subjects"], "it is held all the same"


async def test_reading_an_identity_is_audited_with_who_and_whose_but_not_with_what(intake: Intake) -> None:
    _, person = await stopped(intake)
    before = len(await intake.rows("audit"))
    assert (await intake.read(POSKO, f"{person}/identity"))["full_name"] == CANARY

    assert await rows_since(intake, before) == [("IDENTITY_READ", "OK", POSKO)]
    row = (await intake.rows("audit"))[before]
    assert (row["target_kind"], row["target_ref"]) == ("Subject", person.rpartition("/")[2])
    assert CANARY not in str(row)


async def test_a_body_is_refused_with_every_field_that_fails_and_without_its_values(intake: Intake) -> None:
    wrong = {"sex": CANARY, "kabupaten": CANARY, "identity": {"phones": [CANARY], "village": CANARY}, "detained": True}
    body = stop(destination=CANARY, checkpoint=CANARY, people=[wrong, {"age": 200}], recruiters=[{"tie": CANARY}])
    answer = await intake.call(POSKO, "POST", "/v1/interdictions", body)

    assert answer.status_code == 422, answer.text
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers >= {
        "/checkpoint", "/destination", "/people/0/sex", "/people/0/kabupaten", "/people/0/identity/phones/0",
        "/people/0/identity/village", "/people/0", "/people/1/age", "/recruiters/0/tie",
    }  # fmt: skip
    assert CANARY not in answer.text
    [row] = await intake.rows("audit")
    assert (row["action"], row["outcome"]) == ("INTERDICTION_RECORDED", "INVALID_BODY")
    assert CANARY not in str(row)


async def test_a_name_typed_in_the_place_of_a_fields_name_is_not_repeated(intake: Intake) -> None:
    answer = await intake.call(POSKO, "POST", "/v1/interdictions", stop(people=[{CANARY: 1}]))
    assert (answer.status_code, answer.json()["code"]) == (400, "UNSAFE_NAME")
    assert CANARY not in answer.text


async def test_recruiters_arrive_in_the_suspects_database_alone_and_sealed(intake: Intake) -> None:
    contact = {"kind": "PERSON", "name": f"{CANARY}-R", "phone": PHONE, "note": f"{CANARY}-C"}
    path, person = await stopped(intake, recruiters=[contact])

    [arrival] = await intake.rows("arrivals", "suspects")
    assert arrival["interdiction_ref"] == path.rpartition("/")[2]
    assert person.rpartition("/")[2] not in str(arrival)
    assert len(arrival["phone_index"]) == 32
    suspects = await intake.everything(intake.settings.suspects_database)
    ours = await intake.everything(intake.settings.mongo_database)
    for secret in (CANARY, PHONE[1:]):
        assert secret not in suspects
        assert secret not in ours
    assert arrival["_id"] not in ours
    assert (await intake.read(POSKO, path))["recruiters"] == 1
    assert "arrivals" not in await intake.running.runtime.mongo.collection("audit").database.list_collection_names()


@pytest.mark.parametrize(
    "identity",
    [{}, {"aliases": [CANARY]}, {"full_name": CANARY, "nik": "no paper"}, {"phones": ["+62 812-9988-7766"]}],
)
async def test_people_without_papers_or_without_a_name_are_taken_in_like_all_others(
    intake: Intake, identity: dict[str, Any]
) -> None:
    _, person = await stopped(intake, people=[{"identity": identity}])

    seen = await intake.read(POSKO, person)
    assert (seen["state"], seen["kabupaten"], seen["sex"]) == ("PROSPECTIVE_WORKER", None, "UNKNOWN")
    shown = await intake.read(POSKO, f"{person}/identity")
    assert {name: shown[name] for name in identity} == identity
    assert shown["nik_status"] == ("PARSE_ERROR" if "nik" in identity else None)


async def test_the_same_number_under_another_key_tells_nothing_of_the_first(intake: Intake) -> None:
    person = {"kabupaten": "53.02", "identity": {"nik": NUMBER}}
    first = await intake.call(POSKO, "POST", "/v1/interdictions", stop(people=[person]))
    second = await intake.call(POSKO, "POST", "/v1/interdictions", stop(people=[person]))

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json().keys() == first.json().keys()
    assert first.json()["people"][0]["subject_ref"] not in second.text


async def test_a_key_used_again_for_another_body_is_refused_without_either_body(intake: Intake) -> None:
    key = new_id()
    await intake.post(POSKO, "/v1/interdictions", stop(), Idempotency_Key=key)
    other = stop(people=[{"identity": {"full_name": f"{CANARY}-2"}}])
    answer = await intake.call(POSKO, "POST", "/v1/interdictions", other, Idempotency_Key=key)

    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert CANARY not in answer.text
    assert len(await intake.rows("interdictions")) == 1
    stored = await intake.rows("idempotency")
    assert stored
    assert CANARY not in str(stored)


async def test_two_rounds_at_the_same_moment_are_two_rounds(intake: Intake) -> None:
    _, person = await stopped(intake)
    body = {"occurred_at": system_clock().isoformat(), "private": True, "confirmed": False, "indicators": ["RECRUIT"]}
    await asyncio.gather(*(intake.post(UPTD, f"{person}/screenings", body) for _ in range(4)))

    rounds = (await intake.read(UPTD, f"{person}/screenings"))["items"]
    assert sorted(done["round"] for done in rounds) == [1, 2, 3, 4]
    assert (await intake.read(UPTD, person))["rounds"] == 4
