"""S01: nine people and a recruiter at El Tari, over HTTP on the real database.

Told once; each test looks at one assertion of the scenario. Who told the offices what is notify's part.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import pymongo
import pytest

from shared.events.intake_v1 import InterdictionRecorded, SubjectRegistered
from tests.support.addresses import Addresses
from tests.support.intake import BP3MI, MALAKA, POLICE, POSKO, TTS, TTU, UPTD, Intake, fresh_refs, running_intake

pytestmark = pytest.mark.integration

WITA = timezone(timedelta(hours=8))
STOPPED = datetime(2026, 5, 14, 4, 40, tzinfo=WITA)
SYNCED = datetime(2026, 5, 14, 5, 20, tzinfo=WITA)
NAMES = [f"P-{number:03}" for number in range(1, 10)]
HOMES = dict(zip(NAMES, ["53.02"] * 5 + ["53.03"] * 3 + ["53.21"], strict=True))
CALM = [name for name in NAMES if name not in ("P-004", "P-007")]
TRAINED = ("P-001", "P-009")
WOMEN = ("P-004", "P-007", "P-009")
CANARY = "Kenari Rahasia"
RECRUITER, COMPANY, PHONE = "Burung Rahasia", "PT Placeholder Rahasia", "081200000777"
FOUND = ["RECRUIT", "TRANSPORT", "FORCE", "ABUSE_VULN", "WITHHOLDS_DOCUMENTS", "LABOUR_EXPLOIT"]


@dataclass
class Story:
    """The morning at El Tari."""

    intake: Intake
    refs: dict[str, str]
    stop: dict[str, Any]
    early: str
    """All that the database held when the stop had just been recorded."""
    first: dict[str, str]
    """Each person's state then."""
    guided: dict[str, dict[str, Any]]
    """The seven after their guidance."""

    @property
    def path(self) -> str:
        """Where the stop is."""
        return f"/v1/interdictions/{self.stop['ref']}"

    def person(self, name: str) -> str:
        """Where a person is."""
        return f"/v1/subjects/{self.refs[name]}"


def told(refs: dict[str, str], name: str) -> dict[str, Any]:
    """What the officer typed about one person."""
    number = f"{HOMES[name].replace('.', '')}99{'41' if name in WOMEN else '01'}07991{name[-3:]}"
    body: dict[str, Any] = {
        "ref": refs[name],
        "sex": "F" if name in WOMEN else "M",
        "kabupaten": HOMES[name],
        "identity": {"full_name": f"{CANARY} {name}", "nik": number},
        "documents": ["KTP"],
    }
    if name == "P-004":
        body |= {"indicators": ["BRUISES", "PHONE_OR_KTP_HELD"], "note": f"{CANARY} whispers"}
    if name == "P-007":
        body |= {"identity": {"aliases": [CANARY]}, "age": 19, "age_basis": "SELF", "age_doubt": True}
    return body


def stop_of(refs: dict[str, str]) -> dict[str, Any]:
    """The request that the posko's device sends when it has a signal again."""
    return {
        "ref": refs["STOP"],
        "occurred_at": STOPPED.isoformat(),
        "checkpoint": "KOE",
        "transport_no": "FLIGHT-1",
        "destination": "61.71",
        "transit": ["SUB", "PNK"],
        "members": ["NAKER", "TNI_AU"],
        "legal_basis": "PERMENAKER_18_2024",
        "company_claimed": COMPANY,
        "people": [told(refs, name) for name in NAMES],
        "recruiters": [{"kind": "PERSON", "name": RECRUITER, "phone": PHONE}],
    }


@pytest.fixture(scope="module")
async def story(stack: Addresses, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    """The stop, recorded 40 minutes after it was."""
    prefix = f"t{uuid4().hex[:10]}"
    clock: Path = tmp_path_factory.mktemp("clock") / "offset"
    refs = fresh_refs("STOP", *NAMES)
    async with running_intake(stack, prefix, (clock, SYNCED)) as intake:
        stop = await intake.post(POSKO, "/v1/interdictions", stop_of(refs))
        early = await intake.everything(intake.settings.mongo_database)
        told = Story(intake, refs, stop, early, first={}, guided={})
        told.first |= {name: await state_of(told, name) for name in NAMES}
        told.guided |= {name: await guide(told, name) for name in CALM}
        yield told
    with pymongo.MongoClient[dict[str, Any]](stack.mongo_uri) as client:
        for name in client.list_database_names():
            if name.startswith(prefix):
                client.drop_database(name)


def near(text: str, moment: datetime) -> bool:
    """Whether a time in an answer is this one, give or take the test's own minutes."""
    return moment <= datetime.fromisoformat(text) < moment + timedelta(minutes=5)


async def test_s01_1_one_stop_with_nine_people_and_two_times(story: Story) -> None:
    stop = await story.intake.read(POSKO, story.path)

    assert len(await story.intake.rows("interdictions")) == 1
    assert [row["subject_ref"] for row in stop["people"]] == [story.refs[name] for name in NAMES]
    assert datetime.fromisoformat(stop["occurred_at"]) == STOPPED
    assert near(stop["recorded_at"], SYNCED)


async def state_of(story: Story, name: str) -> str:
    """Where a person stands, as the posko sees it."""
    return str((await story.intake.read(POSKO, story.person(name)))["state"])


async def guide(story: Story, name: str) -> dict[str, Any]:
    """Somebody is shown the list of legal companies and offered a training place."""
    data = {"list_given": True, "training": "ACCEPTED" if name in TRAINED else "REFUSED"}
    body = {"move": "GUIDE", "occurred_at": SYNCED.isoformat(), "data": data}
    moved: dict[str, Any] = await story.intake.move(POSKO, story.person(name), body)
    return moved


async def test_s01_2_nobody_becomes_a_victim_and_seven_are_guided(story: Story) -> None:
    screened = dict.fromkeys(("P-004", "P-007"), "SCREENING")
    assert story.first == screened | dict.fromkeys(CALM, "PROSPECTIVE_WORKER")
    assert "VICTIM" not in story.early
    assert {name: person["state"] for name, person in story.guided.items()} == dict.fromkeys(CALM, "GUIDED")


async def test_s01_3_only_a_private_talk_that_confirms_makes_a_presumed_victim(story: Story) -> None:
    person = story.person("P-004")

    async def screen(facts: list[str], *, private: bool, confirmed: bool) -> Any:
        body = {
            "occurred_at": SYNCED.isoformat(),
            "private": private,
            "confirmed": confirmed,
            "indicators": FOUND,
            "facts": facts,
        }
        await story.intake.post(UPTD, f"{person}/screenings", body)
        return await story.intake.read(UPTD, person)

    urgent = ["INJURY", "RECRUITER_NEARBY"]
    assert (await screen(urgent, private=False, confirmed=True))["state"] == "UNDETERMINED"
    assert (await screen(urgent, private=True, confirmed=False))["state"] == "UNDETERMINED"
    found = await screen(urgent, private=True, confirmed=True)
    assert (found["state"], found["risk"]) == ("PRESUMED_VICTIM", "R1_DARURAT")
    later = await screen(["SUSPECT_KNOWS_ADDRESS"], private=True, confirmed=True)
    assert (later["state"], later["risk"]) == ("PRESUMED_VICTIM", "R2_TINGGI")
    rounds = (await story.intake.read(UPTD, f"{person}/screenings"))["items"]
    assert [done["finding"] for done in reversed(rounds)] == ["UNDETERMINED"] * 2 + ["PRESUMED_VICTIM"] * 2


async def test_s01_4_a_doubtful_age_is_a_child_and_the_unit_is_told_at_once(story: Story) -> None:
    seen = await story.intake.read(UPTD, story.person("P-007"))
    told = {e["subject_ref"]: e for e in await story.intake.events(SubjectRegistered)}

    assert (seen["age_basis"], seen["age_doubt"], seen["as_child"], seen["age_band"]) == ("SELF", True, True, "18-24")
    assert told[story.refs["P-007"]]["offices"] == ["UPTD_PPA-53.71"]
    assert near(seen["registered_at"], SYNCED), "the fact leaves with the record: well before 05:40"


async def test_s01_6_the_recruiter_exists_in_the_suspects_database_alone(story: Story) -> None:
    intake = story.intake
    [arrival] = await intake.rows("arrivals", "suspects")
    suspects = await intake.everything(intake.settings.suspects_database)

    assert (arrival["kind"], arrival["interdiction_ref"]) == ("PERSON", story.stop["ref"])
    assert arrival["_id"] not in story.early
    assert not [name for name in NAMES if story.refs[name] in suspects]
    for secret in (RECRUITER, PHONE):
        assert secret not in suspects
        assert secret not in story.early
    assert (await intake.read(POSKO, story.path))["recruiters"] == 1


async def test_s01_7_no_ban_no_list_and_nobody_held(story: Story) -> None:
    names = set(names_in([await story.intake.read(POSKO, story.path), await story.intake.rows("subjects")]))
    words = {word for name in names for word in name.split("_")}
    assert not words & {
        "detained",
        "detention",
        "ban",
        "banned",
        "blacklist",
        "blacklisted",
        "held",
        "arrested",
        "cekal",
    }

    person = told(fresh_refs(*NAMES), "P-001") | {"detained": True}
    body = stop_of(fresh_refs("STOP", *NAMES)) | {"people": [person]}
    answer = await story.intake.call(POSKO, "POST", "/v1/interdictions", body)
    assert answer.json()["errors"] == [{"pointer": "/people/0", "code": "UNKNOWN_FIELD"}]


def names_in(value: Any) -> Iterator[str]:
    """Every field name in a document, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name.lower()
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


async def test_s01_8_the_offices_are_named_and_each_reads_its_own_people_only(story: Story) -> None:
    [fact] = await story.intake.events(InterdictionRecorded)
    assert fact["offices"] == ["NAKER_PROV-53", "GT_KAB-53.02", "GT_KAB-53.03", "GT_KAB-53.21", "POLRI-53"]

    for officer, home, number in ((TTS, "53.02", 5), (TTU, "53.03", 3), (MALAKA, "53.21", 1)):
        seen = await story.intake.read(officer, story.path)
        assert (seen["people_count"], seen["origins"]) == (number, {home: number})
        assert seen["people"] == [], "a count, and nobody's row"
    police = await story.intake.read(POLICE, story.path)
    assert (police["people_count"], police["people"]) == (9, [])
    assert (await story.intake.call(BP3MI, "GET", story.path)).status_code == 404
    assert (await story.intake.read(BP3MI, "/v1/interdictions"))["items"] == []


async def test_s01_8_no_event_names_anybody_or_has_a_number(story: Story) -> None:
    events = [bytes(row["value"]).decode() for row in await story.intake.rows("outbox")]
    assert len(events) >= 1 + len(NAMES)
    for secret in (CANARY, RECRUITER, COMPANY, PHONE, *(told(story.refs, n)["identity"].get("nik") for n in NAMES)):
        assert not [event for event in events if secret and secret in event]


async def test_s01_8_without_sign_in_there_is_no_count(story: Story) -> None:
    answer = await story.intake.running.http.get(story.path)
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_MISSING")


async def test_s01_9_the_offer_of_training_is_answered_and_seven_are_received_at_home(story: Story) -> None:
    answers = {name: (await lines_of(story, name))[-1]["detail"] for name in CALM}
    assert {name for name, detail in answers.items() if detail["training"] == "ACCEPTED"} == set(TRAINED)
    assert [detail["training"] for detail in answers.values()].count("REFUSED") == 5
    assert all(detail["list_given"] for detail in answers.values())

    for name in CALM:
        receiver = f"GT_KAB-{HOMES[name]}"
        body = {"move": "RETURN_HOME", "occurred_at": SYNCED.isoformat(), "data": {"receiver": receiver}}
        moved = await story.intake.move(POSKO, story.person(name), body)
        assert (moved["state"], moved["legal_moves"]) == ("RETURNED_HOME", [])
        last = (await lines_of(story, name))[-1]
        assert (last["code"], last["detail"]) == ("RETURN_HOME", {"receiver": receiver})


async def lines_of(story: Story, name: str) -> list[dict[str, Any]]:
    """What happened to a person, as the posko sees it."""
    shown = await story.intake.read(POSKO, f"{story.person(name)}/timeline")
    return list(shown["items"])


async def test_s01_10_the_posko_counts_nine_people_six_men_and_three_women(story: Story) -> None:
    [item] = (await story.intake.read(POSKO, "/v1/interdictions?checkpoint=KOE"))["items"]
    assert (item["ref"], item["people_count"]) == (story.stop["ref"], 9)
    sexes = [row["sex"] for row in (await story.intake.read(POSKO, story.path))["people"]]
    assert (sexes.count("M"), sexes.count("F")) == (6, 3)


async def test_s01_nobodys_name_is_outside_the_vaults_ciphertexts(story: Story) -> None:
    kept = await story.intake.everything(story.intake.settings.mongo_database)

    for secret in (CANARY, RECRUITER, COMPANY, PHONE, *(f"{home.replace('.', '')}99" for home in HOMES.values())):
        assert secret not in kept
    shown = await story.intake.read(POSKO, f"{story.person('P-004')}/identity")
    assert (shown["full_name"], shown["nik_status"]) == (f"{CANARY} P-004", "PARSED_OK")
    assert (await story.intake.read(POSKO, f"{story.path}/details"))["company_claimed"] == COMPANY
