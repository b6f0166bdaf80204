"""From intake to cases and back over real topics: a hand-over makes a case, and its manager may read the person."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from bson import json_util

from services.cases.app import service as cases_service
from services.cases.settings import Settings as CasesSettings
from services.intake.app import service as intake_service
from services.intake.settings import Settings as IntakeSettings
from shared.kernel.clock import system_clock
from shared.kernel.ids import new_id
from shared.service.definition import Role
from tests.support.addresses import Addresses
from tests.support.cases import Cases
from tests.support.declared_topics import bytes_in, declared_topics
from tests.support.intake import Intake
from tests.support.platform import kafka_of, local, serving, sign_in, until

pytestmark = pytest.mark.integration

POSKO, UPTD, MANAGER, COLLEAGUE, ELSEWHERE = "O-01", "O-20", "O-21", "O-23", "O-22"
CANARY = "KANARI-NAMA"
HAND_OVER = {"move": "HAND_OVER"}
STAFF = """\
members:
  - {person: O-01, agency: NAKER_PROV-53, roles: [POSKO_OFFICER], valid_from: 2026-01-01T00:00:00+08:00}
  - {person: O-20, agency: UPTD_PPA-53.71, roles: [INTAKE_OFFICER], valid_from: 2026-01-01T00:00:00+08:00}
  - {person: O-21, agency: UPTD_PPA-53.71, roles: [CASE_MANAGER], valid_from: 2026-01-01T00:00:00+08:00}
  - {person: O-22, agency: UPTD_PPA-53.02, roles: [CASE_MANAGER], valid_from: 2026-01-01T00:00:00+08:00}
  - {person: O-23, agency: UPTD_PPA-53.71, roles: [CASE_MANAGER], valid_from: 2026-01-01T00:00:00+08:00}
"""


@dataclass
class Both:
    """The two services; intake learns of staff by the topic alone."""

    intake: Intake
    cases: Cases

    async def status(self, person: str, path: str) -> int:
        """How intake answers a read."""
        return (await self.intake.call(person, "GET", path)).status_code


@asynccontextmanager
async def running_both(stack: Addresses, unique: str) -> AsyncIterator[Both]:
    """Intake and cases in all their roles, with staff loaded in cases and arrived in intake."""
    async with sign_in() as signing:
        ours = local(IntakeSettings, stack, unique, signing.url, suspects_database=f"{unique}_suspects")
        theirs = local(CasesSettings, stack, unique, signing.url)
        async with (
            serving(intake_service(ours), ours, Role.ALL) as intake,
            serving(cases_service(theirs), theirs, Role.ALL) as cases,
        ):
            both = Both(Intake(intake, signing, ours), Cases(cases.runtime, cases.http, signing))
            hired = await both.cases.hire(STAFF)
            await until(lambda: all_of(both, "staff", len(hired)), timeout_s=40)
            yield both


async def all_of(both: Both, name: str, number: int) -> bool:
    """Whether intake holds so many documents."""
    return len(await both.intake.rows(name)) == number


@pytest.fixture
async def both(stack: Addresses, unique: str) -> AsyncIterator[Both]:
    async with declared_topics(stack, unique), running_both(stack, unique) as running:
        yield running


async def handed_over(both: Both) -> str:
    """P-004, handed over; answers her path."""
    path = await found_presumed(both)
    await both.intake.move(UPTD, path, HAND_OVER | {"occurred_at": system_clock().isoformat()})
    return path


async def found_presumed(both: Both) -> str:
    """P-004, stopped with bruises, found a presumed victim, with her answers; answers her path."""
    now = system_clock().isoformat()
    person = {"sex": "F", "kabupaten": "53.02", "identity": {"full_name": CANARY}, "indicators": ["BRUISES"]}
    stop = {"occurred_at": now, "checkpoint": "KOE", "destination": "61.71", "legal_basis": "PERMENAKER_18_2024"}
    done = await both.intake.post(POSKO, "/v1/interdictions", stop | {"people": [person]})
    path = f"/v1/subjects/{done['people'][0]['subject_ref']}"
    talk = {"private": True, "confirmed": True, "indicators": ["RECRUIT", "FORCE", "LABOUR_EXPLOIT"]}
    await both.intake.post(UPTD, f"{path}/screenings", talk | {"occurred_at": now, "facts": ["THREATS"]})
    choices = [{"purpose": "SERVICE", "given": True}, {"purpose": "POLICE_REPORT", "given": False}]
    asked = {"occurred_at": now, "given_by": "SELF", "language": "dawan", "choices": choices}
    await both.intake.post(UPTD, f"{path}/consents", asked)
    return path


async def shown_after(both: Both, write: httpx.Response, path: str) -> httpx.Response:
    """What cases shows of the state after a write in intake: the first answer that is not "not yet"."""
    position = write.headers["x-position"]
    for _ in range(12):
        answer = await both.cases.call(MANAGER, "GET", f"{path}?wait_for={position}")
        if answer.status_code != 503:
            break
    return answer


async def test_a_read_in_cases_waits_for_what_was_written_in_intake_and_for_nothing_else(both: Both) -> None:
    person = await found_presumed(both)
    choices = [{"purpose": "MEDIA", "given": False}]
    asked = {"occurred_at": system_clock().isoformat(), "given_by": "SELF", "language": "id", "choices": choices}
    consent = await both.intake.call(UPTD, "POST", f"{person}/consents", asked)
    position = consent.headers["x-position"]
    for service, who, path in ((both.cases, MANAGER, "/v1/cases"), (both.intake, UPTD, "/v1/subjects")):
        at_once = await service.call(who, "GET", f"{path}?wait_for={position}")
        assert at_once.status_code == 200, "nothing of it is taken in there, so there is nothing to wait for"

    tag = (await both.intake.call(UPTD, "GET", person)).headers["etag"]
    move = HAND_OVER | {"occurred_at": system_clock().isoformat()}
    key = {"Idempotency_Key": new_id()}
    handed = await both.intake.call(UPTD, "POST", f"{person}/moves", move, If_Match=tag, **key)
    shown = await shown_after(both, handed, "/v1/cases")
    assert shown.status_code == 200, shown.text
    assert len(shown.json()["items"]) == 1, "the first answer shows the case"
    again = await both.intake.call(UPTD, "POST", f"{person}/moves", move, If_Match=tag, **key)
    assert again.headers["idempotency-replayed"] == "true"
    assert (await shown_after(both, again, "/v1/cases")).status_code == 200


async def case_of(both: Both, person: str) -> str:
    """The case that intake has heard of for this person."""

    async def known() -> str | None:
        ref: str | None = (await both.intake.read(UPTD, person))["case_ref"]
        return ref

    return str(await until(known, timeout_s=40))


async def manager_of(both: Both, person: str) -> Any:
    """Who manages the person's case, as far as intake knows."""
    [row] = [row for row in await both.intake.rows("subjects") if row["_id"] == person.rpartition("/")[2]]
    return row["manager"]


async def test_a_hand_over_makes_a_case_and_its_manager_may_read_the_person(both: Both) -> None:
    person = await handed_over(both)
    ref = await case_of(both, person)

    case = await both.cases.read(MANAGER, f"/v1/cases/{ref}")
    [shown] = case["inside"]["persons"]
    assert (case["state"]["code"], case["inside"]["proposed_lead"]["code"]) == ("DRAFT", "UPTD_PPA-53.71")
    assert (shown["subject_ref"], shown["status"]["code"]) == (person.rpartition("/")[2], "PRESUMED_VICTIM")
    assert case["inside"]["risk"]["code"] == "R2_TINGGI"
    assert await both.status(MANAGER, f"{person}/identity") == 404, "nobody manages it yet"

    await both.cases.move(MANAGER, f"/v1/cases/{ref}", {"move": "TAKE"})
    await until(lambda: manager_of(both, person), timeout_s=40)
    assert (await both.intake.read(MANAGER, f"{person}/identity"))["full_name"] == CANARY
    assert (await both.intake.read(MANAGER, person))["case_ref"] == ref
    for other in (COLLEAGUE, ELSEWHERE):
        assert [await both.status(other, f"{person}{rest}") for rest in ("", "/identity", "/timeline")] == [404] * 3


async def test_for_the_posko_a_person_who_is_handed_over_is_as_if_there_were_none(both: Both) -> None:
    person = await handed_over(both)
    now = system_clock().isoformat()
    assert [await both.status(POSKO, f"{person}{rest}") for rest in ("", "/identity", "/timeline", "/screenings")] == [
        404
    ] * 4
    assert (await both.intake.read(POSKO, "/v1/subjects"))["items"] == []
    talk = {"occurred_at": now, "private": True, "confirmed": True, "indicators": ["RECRUIT"]}
    asked = {"occurred_at": now, "given_by": "SELF", "language": "id", "choices": [{"purpose": "MEDIA", "given": True}]}
    for rest, body in (("/screenings", talk), ("/consents", asked)):
        assert (await both.intake.call(POSKO, "POST", f"{person}{rest}", body)).status_code == 404
    assert await both.status(UPTD, person) == 200, "the unit that handed over still works with her"


async def test_the_case_holds_nobodys_name_and_no_answer_of_the_screening(both: Both) -> None:
    person = await handed_over(both)
    ref = await case_of(both, person)

    database = both.cases.runtime.mongo.client[both.cases.runtime.mongo.collection("cases").database.name]
    names = await database.list_collection_names()
    held = json_util.dumps([await database[name].find({}).to_list(None) for name in names])
    assert ref in held
    kafka = [
        b"\n".join(await bytes_in(kafka_of(both.intake.settings), name)) for name in ("intake-events", "case-events")
    ]
    assert all(ref.encode() in part for part in kafka[1:])
    assert person.rpartition("/")[2].encode() in kafka[0]
    for secret in (CANARY, "LABOUR_EXPLOIT", "BRUISES", "THREATS"):
        assert secret not in held
        assert not [part for part in kafka if secret.encode() in part]


async def test_a_later_round_reaches_the_case_and_consents_are_no_longer_taken_here(both: Both) -> None:
    person = await handed_over(both)
    ref = await case_of(both, person)
    now = system_clock().isoformat()
    asked = {"occurred_at": now, "given_by": "SELF", "language": "id", "choices": [{"purpose": "MEDIA", "given": True}]}
    refused = await both.intake.call(UPTD, "POST", f"{person}/consents", asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "CONSENT_KEPT_BY_CASE")

    await both.cases.move(MANAGER, f"/v1/cases/{ref}", {"move": "TAKE"})
    await until(lambda: manager_of(both, person), timeout_s=40)
    later = {"occurred_at": now, "private": True, "confirmed": True, "indicators": ["RECRUIT"], "facts": ["INJURY"]}
    done = await both.intake.post(MANAGER, f"{person}/screenings", later)
    assert (done["round"], done["finding"], done["risk"]) == (2, "UNDETERMINED", "R1_DARURAT")

    async def status() -> bool:
        [shown] = (await both.cases.read(MANAGER, f"/v1/cases/{ref}"))["inside"]["persons"]
        return bool(shown["status"]["code"] == "UNDETERMINED")

    await until(status, timeout_s=40)
