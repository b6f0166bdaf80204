"""The register of breaches over HTTP, its clocks, and what the audit says could have been seen."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import build_app
from shared.kernel.clock import system_clock
from shared.mongo.clock_lane import ClockLane
from shared.security.staff import Member
from tests.integration.test_cases_api import drafted
from tests.support.addresses import Addresses
from tests.support.cases import STAFF, Cases, running_cases

pytestmark = pytest.mark.integration

OFFICER = "O-90"
DPO = "  - {person: O-90, agency: DPO-53, roles: [DPO], valid_from: 2026-01-01T00:00:00+08:00}\n"


@pytest.fixture
async def cases(stack: Addresses, unique: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cases]:
    async with running_cases(stack, unique) as running:
        await running.hire(STAFF + DPO)
        settings = running.runtime.settings
        for name in ("local", "mongo_uri", "mongo_database"):
            monkeypatch.setenv(f"PULANG_CASES_{name.upper()}", str(getattr(settings, name)))
        yield running


async def known(cases: Cases, hours_ago: int = 1, **more: Any) -> Any:
    at = (system_clock() - timedelta(hours=hours_ago)).isoformat()
    body = {"kind": "ACCOUNT_MISUSED", "occurred_at": at, "accounts": ["O-20"], **more}
    return await cases.post(OFFICER, "/v1/breaches", body)


async def test_both_clocks_run_from_when_it_was_known(cases: Cases) -> None:
    breach = await known(cases, hours_ago=5)
    for told in ("subjects", "authority"):
        clock = breach[told]
        due, since = datetime.fromisoformat(clock["due_at"]), datetime.fromisoformat(breach["known_at"])
        assert (clock["status"], due - since) == ("RUNNING", timedelta(hours=72))
    [event] = await cases.rows("outbox", {"topic": "case-events", "key": breach["id"]})
    assert b"id.pulang.case.breach.known.v1" in event["value"]
    assert b"O-20" not in event["value"], "the event says that there is one, not whose account"


async def test_a_breach_does_not_name_what_its_reader_is_kept_out_of(cases: Cases) -> None:
    breach = await known(cases, refs=["P-004", "P-005"])
    assert breach["refs"] == ["P-004", "P-005"]
    staff = cases.runtime.mongo.collection(Member.collection)
    await staff.update_one({"_id": OFFICER}, {"$set": {"excluded": ["P-004"]}})
    [listed] = (await cases.read(OFFICER, "/v1/breaches"))["items"]
    for seen in (await cases.read(OFFICER, f"/v1/breaches/{breach['id']}"), listed):
        assert seen["refs"] == ["P-005"]
    [stored] = await cases.rows("breaches")
    assert stored["refs"] == ["P-004", "P-005"], "the register keeps it for whoever acts in their place"


async def test_a_notice_stops_its_clock_and_only_the_persons_know_an_exemption(cases: Cases) -> None:
    breach = await known(cases)
    path = f"/v1/breaches/{breach['id']}/notices"
    told = await cases.post(OFFICER, path, {"told": "AUTHORITY"})
    assert (told["authority"]["status"], told["subjects"]["status"]) == ("MET", "RUNNING")
    again = await cases.call(OFFICER, "POST", path, {"told": "AUTHORITY"}, Idempotency_Key="again")
    assert (again.status_code, again.json()["code"]) == (409, "TOLD_ALREADY")
    body = {"told": "AUTHORITY", "exemption": "LAW_ENFORCEMENT"}
    refused = await cases.call(OFFICER, "POST", path, body, Idempotency_Key="exempt")
    assert refused.status_code == 422
    assert "NO_EXEMPTION" in refused.text
    exempt = await cases.post(OFFICER, path, {"told": "SUBJECTS", "exemption": "LAW_ENFORCEMENT"})
    assert (exempt["subjects"]["status"], exempt["exemption"]["code"]) == ("CANCELLED", "LAW_ENFORCEMENT")


async def test_a_notice_still_owed_at_the_limit_is_told_to_the_officer_once(cases: Cases) -> None:
    breach = await known(cases, hours_ago=80)
    await cases.post(OFFICER, f"/v1/breaches/{breach['id']}/notices", {"told": "SUBJECTS"})
    runtime = cases.runtime
    clock = ClockLane(runtime.name, runtime.uow, runtime.service.rules, runtime.leases)
    assert [await clock.sweep(), await clock.sweep()] == [1, 0]
    late = await cases.read(OFFICER, f"/v1/breaches/{breach['id']}")
    assert (late["authority"]["status"], late["authority"]["told_at"]) == ("BREACHED", None)
    assert late["subjects"]["status"] == "BREACHED", "it went out after the limit, and that stays on record"
    events = [row["value"] for row in await cases.rows("outbox", {"key": breach["id"]})]
    assert [b"notice_missed" in value for value in events] == [False, True]


async def test_the_register_does_not_exist_for_anybody_else(cases: Cases) -> None:
    breach = await known(cases)
    for person in ("O-20", "O-29", "O-51"):
        assert (await cases.call(person, "GET", f"/v1/breaches/{breach['id']}")).status_code == 404
        assert (await cases.call(person, "GET", "/v1/breaches")).status_code == 403


async def test_the_audit_lists_what_an_account_could_have_seen(cases: Cases) -> None:
    case = await drafted(cases)
    ref = case.rpartition("/")[2]
    start = system_clock()
    await cases.read("O-20", case)
    await cases.read("O-20", "/v1/cases")
    await cases.read("O-21", case)
    asked = ["audit", "exposed", "--person", "O-20", "--service", "cases", "--by", OFFICER, "--json"]

    def ask(*more: str) -> Any:
        result = CliRunner().invoke(build_app(), [*asked, *more], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    rows = {row["ref"]: row for row in await asyncio.to_thread(ask)}
    [person] = [row["_id"] for row in await cases.rows("participants")]
    assert rows.keys() == {ref, person}
    assert (rows[ref]["people"], rows[ref]["times"]) == (["O-20"], 2)
    assert "C2" in rows[ref]["classes"], "the profile was shown"
    both = await asyncio.to_thread(ask, "--person", "O-21", "--ref", ref)
    assert [(row["ref"], row["people"]) for row in both] == [(ref, ["O-20", "O-21"])]
    assert await asyncio.to_thread(ask, "--to", f"{start:%Y-%m-%dT%H:%M:%S}") == []
    assert [row["action"] for row in await cases.rows("audit", {"channel": "operator", "role": "DPO"})] == [
        "AUDIT_EXPOSED"
    ] * 3
