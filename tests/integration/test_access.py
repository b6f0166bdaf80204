"""Access for a time, over HTTP in cases and intake: what it opens, to whom, and the second at which it ends."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.events.staff_v1 import AccessPublished, OpenedAccess
from shared.kernel.clock import system_clock
from shared.kernel.ids import new_id
from tests.integration.test_cases_api import COLLEAGUE, ELSEWHERE, LPSK, MANAGER, SUPERVISOR, opened, referred
from tests.integration.test_intake_api import CANARY, in_case
from tests.support.addresses import Addresses
from tests.support.cases import Cases, running_cases
from tests.support.intake import CHIEF, Intake, member, running_intake

pytestmark = pytest.mark.integration

LEAD = "UPTD_PPA-53.71"
HOUR = timedelta(hours=1)


class Hands:
    """Moves the hands of a service's clock."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def at(self, moment: datetime) -> None:
        """Let it go on from this moment."""
        self._file.write_text(str((moment - datetime.now(UTC)).total_seconds()))


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return Hands(tmp_path / "offset")


@pytest.fixture
async def cases(stack: Addresses, unique: str, tmp_path: Path) -> AsyncIterator[Cases]:
    async with running_cases(stack, unique, clock_offset_file=tmp_path / "offset") as running:
        yield running


def giving(person: str = COLLEAGUE, **changes: Any) -> dict[str, Any]:
    usual = {
        "agency": LEAD,
        "person": person,
        "classes": ["C1", "C2"],
        "purpose": "CASEWORK",
        "reason": "STANDS_IN",
        "until": (system_clock() + HOUR).isoformat(),
    }
    return usual | changes


async def status(service: Cases | Intake, person: str, path: str, **headers: str) -> int:
    return (await service.call(person, "GET", path, **headers)).status_code


async def test_a_colleague_reads_and_writes_nothing_until_the_very_end(cases: Cases, hands: Hands) -> None:
    case = await opened(cases)
    referral = await referred(cases, case)
    assert await status(cases, COLLEAGUE, case) == 404
    given = await cases.post(MANAGER, f"{case}/access", giving())
    assert (given["ended"], given["reason"]["label"]) == (False, "Menggantikan sementara")

    assert (await cases.read(COLLEAGUE, case))["inside"]["manager"] == MANAGER
    for path in (f"{case}/timeline", f"{case}/consents", f"{case}/files", referral):
        assert await status(cases, COLLEAGUE, path) == 200, path
    assert len((await cases.read(COLLEAGUE, "/v1/cases"))["items"]) == 1
    for path, body in (
        (f"{case}/referrals", {"agency": "POLRI-53", "purpose": "POLICE_REPORT"}),
        (f"{case}/access", giving(SUPERVISOR)),
        (f"{case}/exclusions", {"person": LPSK, "reason": "RELATIVE"}),
    ):
        assert (await cases.call(COLLEAGUE, "POST", path, body)).status_code == 404, path

    until = datetime.fromisoformat(given["until"])
    hands.at(until - timedelta(seconds=20))
    assert await status(cases, COLLEAGUE, case) == 200
    hands.at(until)
    for path in (case, f"{case}/timeline", referral):
        assert await status(cases, COLLEAGUE, path) == 404, path
    assert (await cases.read(COLLEAGUE, "/v1/cases"))["items"] == []
    [listed] = (await cases.read(MANAGER, f"{case}/access"))["items"]
    assert (listed["ended"], listed["withdrawn_at"]) == (True, None)


async def test_it_opens_at_its_beginning_and_for_its_purpose_alone(cases: Cases, hands: Hands) -> None:
    case = await opened(cases)
    begins = system_clock() + HOUR
    body = giving(purpose="PROTECTION", since=begins.isoformat(), until=(begins + HOUR).isoformat())
    await cases.post(MANAGER, f"{case}/access", body)
    assert await status(cases, COLLEAGUE, case, X_Purpose="PROTECTION") == 404
    hands.at(begins)
    assert await status(cases, COLLEAGUE, case, X_Purpose="PROTECTION") == 200
    assert await status(cases, COLLEAGUE, case) == 404


async def test_a_withdrawal_holds_at_once_and_leaves_one_audit_row(cases: Cases) -> None:
    case = await opened(cases)
    given = await cases.post(MANAGER, f"{case}/access", giving())
    moves = f"{case}/access/{given['id']}/moves"
    assert (await cases.call(COLLEAGUE, "POST", moves, {"move": "WITHDRAW"})).status_code == 404
    ended = await cases.post(SUPERVISOR, moves, {"move": "WITHDRAW"})
    assert (ended["ended"], ended["withdrawn_by"]) == (True, SUPERVISOR)
    assert await status(cases, COLLEAGUE, case) == 404
    [row] = await cases.rows("audit", {"action": "ACCESS_WITHDRAWN", "outcome": "OK"})
    assert f"case|{case.rpartition('/')[2]}" in row["chains"]
    again = await cases.call(MANAGER, "POST", moves, {"move": "WITHDRAW"})
    assert (again.status_code, again.json()["code"]) == (409, "ENDED_ALREADY")


async def test_a_unit_has_it_as_long_as_somebody_is_in_the_unit(cases: Cases) -> None:
    case = await opened(cases)
    await cases.post(MANAGER, f"{case}/access", giving(person=None, unit="U-NIGHT"))
    assert await status(cases, COLLEAGUE, case) == 404
    roster = "members:\n  - {{person: {}, agency: {}, unit: {}, roles: [CASE_MANAGER], valid_from: {}}}\n"
    since = "2026-01-01T00:00:00+08:00"
    await cases.hire(roster.format(COLLEAGUE, LEAD, "U-NIGHT", since))
    assert await status(cases, COLLEAGUE, case) == 200
    await cases.hire(roster.format(COLLEAGUE, LEAD, "U-DAY", since))
    assert await status(cases, COLLEAGUE, case) == 404


async def test_an_agency_needs_a_part_in_the_case_and_never_sees_who_else_has_one(cases: Cases) -> None:
    case = await opened(cases)
    refused = await cases.call(MANAGER, "POST", f"{case}/access", giving(LPSK, agency="LPSK-53"))
    assert (refused.status_code, refused.json()["errors"]) == (422, [{"pointer": "/agency", "code": "NOT_ASKED_IN"}])
    await referred(cases, case)
    await cases.post(MANAGER, f"{case}/access", giving(LPSK, agency="LPSK-53"))
    assert (await cases.read(LPSK, case))["inside"] is None
    for path in (f"{case}/timeline", f"{case}/consents"):
        assert await status(cases, LPSK, path) == 404, path


async def test_whoever_is_kept_out_sees_nothing_whatever_they_were_given(cases: Cases) -> None:
    case = await opened(cases)
    await cases.post(MANAGER, f"{case}/access", giving())
    await cases.post(MANAGER, f"{case}/exclusions", {"person": COLLEAGUE, "reason": "SAME_VILLAGE"})
    for path in (case, f"{case}/timeline", f"{case}/consents"):
        assert await status(cases, COLLEAGUE, path) == 404, path
    again = await cases.call(MANAGER, "POST", f"{case}/access", giving())
    unknown = await cases.call(MANAGER, "POST", f"{case}/access", giving("O-NOBODY"))
    assert (again.status_code, again.json()["errors"]) == (unknown.status_code, unknown.json()["errors"])
    other_office = await cases.call(MANAGER, "POST", f"{case}/access", giving(ELSEWHERE))
    assert other_office.json()["errors"] == unknown.json()["errors"]


@pytest.fixture
async def intake(stack: Addresses, unique: str, tmp_path: Path) -> AsyncIterator[Intake]:
    async with running_intake(stack, unique, (tmp_path / "offset", system_clock())) as running:
        yield running


async def told(intake: Intake, person: str, *lines: OpenedAccess) -> None:
    """Cases says what is opened to somebody."""
    key = f"person|{person}"
    await intake.feed("staff-events", AccessPublished(occurred_at=system_clock(), grantee=key, opened=lines), key=key)


def line(ref: str, *classes: str, **changes: Any) -> OpenedAccess:
    now = system_clock()
    usual: dict[str, Any] = {
        "grant_ref": new_id(),
        "agency": LEAD,
        "refs": (ref,),
        "classes": classes,
        "purpose": "CASEWORK",
        "since": now - HOUR,
        "until": now + HOUR,
    }
    return OpenedAccess(**(usual | changes))


async def test_intake_opens_each_class_for_itself_and_ends_it_to_the_second(intake: Intake, hands: Hands) -> None:
    person = await in_case(intake)
    ref = person.rpartition("/")[2]
    await intake.running.employ(member("O-77", LEAD, "CASE_MANAGER"))
    [screening] = (await intake.read("O-20", f"{person}/screenings"))["items"]
    answers = f"{person}/screenings/{screening['ref']}"
    paths = {person: "C2", f"{person}/identity": "C3", answers: "C4"}

    async def open_paths() -> list[str]:
        return [class_ for path, class_ in paths.items() if await status(intake, "O-77", path) == 200]

    assert await open_paths() == []
    await told(intake, "O-77", line(ref, "C1", "C2"))
    assert await open_paths() == ["C2"]
    assert len((await intake.read("O-77", "/v1/subjects"))["items"]) == 1
    await told(intake, "O-77", line(ref, "C1", "C3"))
    assert await open_paths() == ["C3"]
    assert (await intake.read("O-77", f"{person}/identity"))["full_name"] == CANARY
    read = [row for row in await intake.rows("audit") if row["action"] == "IDENTITY_READ" and row["outcome"] == "OK"]
    assert {(row["actor"]["person"], *row["policies"]) for row in read} == {("O-77", "intake.granted.identity")}
    until = system_clock() + HOUR
    await told(intake, "O-77", line(ref, "C1", "C2", "C3", "C4", until=until))
    assert await open_paths() == ["C2", "C3", "C4"]
    hands.at(until - timedelta(seconds=20))
    assert await open_paths() == ["C2", "C3", "C4"]
    hands.at(until)
    assert await open_paths() == []
    await told(intake, "O-77")
    hands.at(system_clock())
    assert await open_paths() == []


async def test_intake_keeps_out_whoever_has_an_interest_whatever_was_opened_to_them(intake: Intake) -> None:
    person = await in_case(intake)
    ref = person.rpartition("/")[2]
    kept = member("O-78", LEAD, "CASE_MANAGER").evolve(excluded=("C-1",))
    await intake.running.employ(kept)
    for emergency in (False, True):
        await told(intake, "O-78", line(ref, "C1", "C2", "C3", "C4", emergency=emergency))
        for path in (person, f"{person}/identity", f"{person}/screenings"):
            assert await status(intake, "O-78", path) == 404, path
    assert await status(intake, CHIEF, person) == 200


async def test_who_was_given_access_can_say_that_they_have_an_interest_and_sees_the_case_no_more(cases: Cases) -> None:
    case = await opened(cases)
    await cases.post(MANAGER, f"{case}/access", giving())
    assert await status(cases, COLLEAGUE, case) == 200
    await cases.post(COLLEAGUE, f"{case}/interests", {"reason": "RELATIVE"})
    for path in (case, f"{case}/timeline"):
        assert await status(cases, COLLEAGUE, path) == 404, path
    again = await cases.call(MANAGER, "POST", f"{case}/access", giving())
    assert again.status_code == 422, "nor is it opened to them again"
