"""Access in an emergency over HTTP in cases and intake: what it opens, what never, who hears of it, when it ends."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.cases.app import service as cases_service
from services.cases.settings import Settings as CasesSettings
from services.intake.app import service as intake_service
from services.intake.settings import Settings as IntakeSettings
from shared.kernel.clock import system_clock
from shared.security.audit.watch import Watch, watch_list
from shared.service.definition import Role
from tests.integration.test_access import Hands, giving, line, status, told
from tests.integration.test_cases_api import COLLEAGUE, MANAGER, POLICE, SUPERVISOR, opened, referred
from tests.integration.test_intake_api import CANARY, hand_over, in_case, returnee, screening
from tests.support.addresses import Addresses
from tests.support.cases import STAFF, Cases, running_cases
from tests.support.declared_topics import declared_topics
from tests.support.intake import Intake, member, running_intake
from tests.support.platform import local, serving, sign_in, until

pytestmark = pytest.mark.integration

DOCTOR, DPO = "O-70", "O-90"
SINCE = "2026-01-01T00:00:00+08:00"
ROSTER = f"""\
{STAFF}  - {{person: {DOCTOR}, agency: RS-53.71, roles: [AGENCY_OFFICER], valid_from: {SINCE}}}
  - {{person: {DPO}, agency: DPO-53, roles: [DPO], valid_from: {SINCE}}}
"""
HELPER = f"  - {{person: O-24, agency: UPTD_PPA-53.71, roles: [INTAKE_OFFICER], valid_from: {SINCE}}}\n"
REASON = {"reason": "LIFE_IN_DANGER"}


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return Hands(tmp_path / "offset")


@pytest.fixture
async def cases(stack: Addresses, unique: str, tmp_path: Path) -> AsyncIterator[Cases]:
    async with running_cases(stack, unique, clock_offset_file=tmp_path / "offset") as running:
        await running.hire(ROSTER)
        yield running


async def number_of(cases: Cases, case: str) -> str:
    return str((await cases.read(MANAGER, case))["case_no"])


def door(case_no: str) -> str:
    return f"/v1/case-numbers/{case_no}/emergency-access"


async def test_whoever_knows_the_number_sees_the_thin_case_for_fifteen_minutes_and_nothing_else(
    cases: Cases, hands: Hands
) -> None:
    case = await opened(cases)
    referral = await referred(cases, case)
    assert await status(cases, DOCTOR, case) == 404
    used = await cases.post(DOCTOR, door(await number_of(cases, case)), REASON)
    assert (f"/v1/cases/{used['case']}", used["people"], used["person"]) == (case, ["P-004"], DOCTOR)
    opened_at, until = (datetime.fromisoformat(used[name]) for name in ("opened_at", "until"))
    assert until - opened_at == timedelta(minutes=15)

    assert (await cases.read(DOCTOR, case))["inside"] is None
    for path in (f"{case}/timeline", f"{case}/consents", f"{case}/access", referral, f"/v1/emergencies/{used['id']}"):
        assert await status(cases, DOCTOR, path) == 404, path
    assert (await cases.read(DOCTOR, "/v1/cases"))["items"] == []
    hands.at(until - timedelta(seconds=20))
    assert await status(cases, DOCTOR, case) == 200
    hands.at(until)
    assert await status(cases, DOCTOR, case) == 404


async def test_it_is_told_at_once_listed_for_the_officer_and_reviewed(cases: Cases) -> None:
    case = await opened(cases)
    used = await cases.post(DOCTOR, door(await number_of(cases, case)), REASON)
    [row] = await cases.rows("audit", {"action": "EMERGENCY_ACCESS"})
    assert (row["outcome"], row["actor"]["person"], row["policies"]) == ("OK", DOCTOR, ["cases.emergency.opens"])
    assert {f"case|{used['case']}", "subject|P-004"} <= set(row["chains"])
    [review] = (await cases.read(DPO, "/v1/tasks?kind=REVIEW_EMERGENCY"))["items"]
    assert (review["about"], review["case"], review["kind"]["label"]) == (used["id"], None, "Tinjau akses darurat")
    [looks] = (await cases.read(MANAGER, "/v1/tasks?kind=EMERGENCY_USED"))["items"]
    assert looks["assignee"] == MANAGER

    emergency = f"/v1/emergencies/{used['id']}"
    assert [each["id"] for each in (await cases.read(DPO, "/v1/emergencies?state=OPEN"))["items"]] == [used["id"]]
    ended = await cases.post(DPO, f"{emergency}/moves", {"move": "END"})
    assert datetime.fromisoformat(ended["until"]) < datetime.fromisoformat(used["until"])
    assert await status(cases, DOCTOR, case) == 404
    done = await cases.post(DPO, f"{emergency}/moves", {"move": "REVIEW", "outcome": "NOT_JUSTIFIED"})
    assert (done["state"], done["reviewed_by"]) == ("REVIEWED", DPO)
    assert (await cases.read(DPO, "/v1/tasks?state=OPEN"))["items"] == []
    for person in (MANAGER, SUPERVISOR):
        assert await status(cases, person, emergency) == 404


def shape(answer: httpx.Response) -> dict[str, Any]:
    """All that an answer tells, but for what names this very request."""
    return {
        "status": answer.status_code,
        "body": {name: value for name, value in answer.json().items() if name != "correlation_id"},
        "headers": sorted(set(answer.headers) - {"date"}),
        "length": len(answer.content),
    }


async def test_sealed_kept_out_and_absent_answer_alike_and_leave_no_trace(cases: Cases) -> None:
    sealed, kept = await opened(cases), await opened(cases, subject_ref="P-005")
    numbers = [await number_of(cases, case) for case in (sealed, kept)]
    await cases.seal(SUPERVISOR, sealed)
    await cases.post(MANAGER, f"{kept}/exclusions", {"person": DOCTOR, "reason": "RELATIVE"})
    absent = next(f"NTT-2026-{n:06d}" for n in range(3) if f"NTT-2026-{n:06d}" not in numbers)
    shapes = [shape(await cases.call(DOCTOR, "POST", door(number), REASON)) for number in (absent, *numbers)]
    assert shapes[0] == shapes[1] == shapes[2]
    assert (shapes[0]["status"], shapes[0]["body"]["code"]) == (404, "NOT_FOUND")
    assert await cases.rows("emergencies") == []
    assert await cases.rows("tasks") == []
    refused = await cases.rows("audit", {"action": "EMERGENCY_ACCESS"})
    assert {(row["outcome"], row["target_ref"], row["actor"]["person"]) for row in refused} == {
        ("NOT_FOUND", None, DOCTOR)
    }


async def test_a_seal_shuts_what_was_opened_a_moment_ago(cases: Cases) -> None:
    case = await opened(cases)
    await cases.post(DOCTOR, door(await number_of(cases, case)), REASON)
    assert await status(cases, DOCTOR, case) == 200
    await cases.seal(SUPERVISOR, case)
    assert await status(cases, DOCTOR, case) == 404


async def test_the_police_and_the_officer_find_no_door(cases: Cases) -> None:
    path = door(await number_of(cases, await opened(cases)))
    for person in (POLICE, DPO):
        assert (await cases.call(person, "POST", path, REASON)).status_code == 404


async def test_three_in_an_hour_are_a_reason_to_look(cases: Cases) -> None:
    path = door(await number_of(cases, await opened(cases)))
    for _ in range(3):
        await cases.post(DOCTOR, path, REASON)
    alarms = Watch(watch_list().rules).look(await cases.rows("audit"))
    assert [(alarm.rule.code, alarm.person) for alarm in alarms] == [("BREAK_GLASS_BURST", DOCTOR)]


@pytest.fixture
async def intake(stack: Addresses, unique: str, tmp_path: Path) -> AsyncIterator[Intake]:
    async with running_intake(stack, unique, (tmp_path / "offset", system_clock())) as running:
        yield running


async def test_intake_shows_who_the_people_are_until_it_ends_and_lets_nothing_be_written(
    intake: Intake, hands: Hands
) -> None:
    person = await in_case(intake)
    await intake.running.employ(member(DOCTOR, "RS-53.71", "AGENCY_OFFICER"))
    [screening] = (await intake.read("O-20", f"{person}/screenings"))["items"]
    until = system_clock() + timedelta(minutes=15)
    ref = person.rpartition("/")[2]
    opened_by_oneself = line(ref, "C1", "C2", "C3", "C4", agency="RS-53.71", purpose=None, until=until, emergency=True)
    await told(intake, DOCTOR, opened_by_oneself)
    assert (await intake.read(DOCTOR, f"{person}/identity"))["full_name"] == CANARY
    reads = (person, f"{person}/screenings", f"{person}/screenings/{screening['ref']}")
    for path in reads:
        assert await status(intake, DOCTOR, path) == 200, path
    assert await status(intake, DOCTOR, "/v1/subjects") == 403
    assert await status(intake, DOCTOR, f"{person}/timeline") == 404
    assert (await intake.call(DOCTOR, "POST", f"{person}/screenings", {})).status_code == 404
    assert await status(intake, DOCTOR, f"{person}/identity", X_Purpose="STATISTICS") == 404
    hands.at(until)
    for path in (*reads, f"{person}/identity"):
        assert await status(intake, DOCTOR, path) == 404, path


async def test_what_is_given_or_opened_in_cases_holds_in_intake_and_ends_there_within_five_seconds(
    stack: Addresses, unique: str
) -> None:
    async with declared_topics(stack, unique), sign_in() as signing:
        ours = local(
            IntakeSettings, stack, unique, signing.url, suspects_database=f"{unique}_sus", directory_max_age_s=5.0
        )
        theirs = local(CasesSettings, stack, unique, signing.url)
        async with (
            serving(intake_service(ours), ours, Role.ALL) as running,
            serving(cases_service(theirs), theirs, Role.ALL) as cases_running,
        ):
            intake = Intake(running, signing, ours)
            cases = Cases(cases_running.runtime, cases_running.http, signing)
            await cases.hire(ROSTER + HELPER)

            async def answers(code: int, person: str, path: str) -> bool:
                return await status(intake, person, path) == code

            await until(lambda: answers(200, "O-24", "/v1/subjects"), timeout_s=40)
            person = await taken_in(intake, "O-24")
            ref = person.rpartition("/")[2]
            case = await until(lambda: case_of(cases, ref), timeout_s=20)
            await cases.move(MANAGER, case, {"move": "TAKE"})
            case_no = await number_of(cases, case)

            given = await cases.post(MANAGER, f"{case}/access", giving())
            await until(lambda: answers(200, COLLEAGUE, person), timeout_s=10)
            await cases.post(MANAGER, f"{case}/access/{given['id']}/moves", {"move": "WITHDRAW"})
            await until(lambda: answers(404, COLLEAGUE, person), timeout_s=5)

            used = await cases.post(DOCTOR, door(case_no), REASON)
            await until(lambda: answers(200, DOCTOR, f"{person}/identity"), timeout_s=10)
            await cases.post(DPO, f"/v1/emergencies/{used['id']}/moves", {"move": "END"})
            await until(lambda: answers(404, DOCTOR, f"{person}/identity"), timeout_s=5)


async def taken_in(intake: Intake, officer: str) -> str:
    """Somebody whom the officer takes in, screens and hands over; answers their path."""
    answer = await intake.call(officer, "POST", "/v1/subjects", returnee(source="WALK_IN", abroad=False))
    person = str(answer.headers["location"])
    await intake.post(officer, f"{person}/screenings", screening())
    await intake.move(officer, person, hand_over())
    return person


async def case_of(cases: Cases, ref: str) -> str | None:
    """The path of this person's case, once there is one."""
    found = await cases.rows("participants", {"_id": ref})
    return f"/v1/cases/{found[0]['case_ref']}" if found else None
