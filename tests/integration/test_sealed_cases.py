"""A sealed case over HTTP and on the topics: it is there for those named alone."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events.partner_v1 import ProtectionSubmitted
from shared.kernel.clock import system_clock
from tests.integration.test_cases_api import BP3MI, COLLEAGUE, LPSK, MANAGER, SUPERVISOR, opened, referred
from tests.support.addresses import Addresses
from tests.support.cases import STAFF, Cases, running_cases

pytestmark = pytest.mark.integration

DPO = "O-90"
OFFICER = "  - {person: O-90, agency: DPO-53, roles: [DPO], valid_from: 2026-01-01T00:00:00+08:00}\n"
LISTS = ("/v1/cases", "/v1/referrals", "/v1/tasks")


@pytest.fixture
async def cases(stack: Addresses, unique: str) -> AsyncIterator[Cases]:
    async with running_cases(stack, unique) as running:
        await running.hire(STAFF + OFFICER)
        yield running


async def with_file(cases: Cases) -> tuple[str, dict[str, str]]:
    """A case that LPSK works on; answers its path and all paths that are about it."""
    case = await opened(cases)
    referral = await referred(cases, case)
    await cases.move(LPSK, referral, {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}})
    [file] = (await cases.read(LPSK, f"{case}/files"))["items"]
    parts = {name: f"{case}/{name}" for name in ("files", "timeline", "consents")}
    return case, {"case": case, "referral": referral, "file": f"/v1/files/{file['id']}", **parts}


async def pointers(cases: Cases) -> list[str]:
    """What waits to leave for LPSK, oldest first."""
    rows = await cases.rows("outbox", {"topic": "agency-lpsk"})
    found = sorted(rows, key=lambda row: row["sequence"])
    return [
        what
        for row in found
        for what in ("REFERRAL_SENT", "FILE_CHANGED", "ACCESS_ENDED")
        if what.encode() in row["value"]
    ]


def fact(case_no: str, number: str = "PP.01/2026") -> ProtectionSubmitted:
    return ProtectionSubmitted(occurred_at=system_clock(), foreign_no=number, case_no=case_no, applicant="VICTIM")


async def test_it_is_in_no_list_and_behind_no_path_for_anybody_else(cases: Cases) -> None:
    case, paths = await with_file(cases)
    case_no = (await cases.read(MANAGER, case))["case_no"]
    sealed = await cases.seal(MANAGER, case, SUPERVISOR)
    assert (sealed["sealed"], sealed["inside"]["seal"]["people"]) == (True, [MANAGER, SUPERVISOR])
    for person in (LPSK, COLLEAGUE, BP3MI):
        for path in paths.values():
            assert (await cases.call(person, "GET", path)).status_code == 404, (person, path)
        for path in (*LISTS, f"/v1/cases?case_no={case_no}"):
            assert (await cases.read(person, path))["items"] == [], (person, path)
    for path in paths.values():
        assert (await cases.call(SUPERVISOR, "GET", path)).status_code == 200, path
    assert len((await cases.read(MANAGER, f"/v1/cases?case_no={case_no}"))["items"]) == 1


async def test_what_waits_for_an_agency_is_taken_back_and_it_is_asked_to_delete(cases: Cases) -> None:
    case, _ = await with_file(cases)
    assert await pointers(cases) == ["REFERRAL_SENT", "FILE_CHANGED"]
    await cases.seal(MANAGER, case, SUPERVISOR)
    assert await pointers(cases) == ["ACCESS_ENDED"]
    await cases.seal(MANAGER, case, SUPERVISOR)
    assert await pointers(cases) == ["ACCESS_ENDED"], "saying it again would say that something goes on"


async def test_an_agencys_fact_waits_in_quarantine_like_one_about_a_foreign_case(cases: Cases) -> None:
    case, _ = await with_file(cases)
    case_no = (await cases.read(MANAGER, case))["case_no"]
    await cases.seal(MANAGER, case, SUPERVISOR)
    await cases.feed("partner-lpsk", fact(case_no), key="PP.01/2026")
    await cases.feed("partner-lpsk", fact("NTT-2026-999999", "PP.02/2026"), key="PP.02/2026")
    mine, foreign = await cases.rows("quarantine")
    own = {"_id", "at", "expires_at", "sealed", "digest", "offset", "key"}
    assert {k: v for k, v in mine.items() if k not in own} == {k: v for k, v in foreign.items() if k not in own}
    assert mine["reason"] == "UNKNOWN_REFERENCE"
    assert (await cases.read(SUPERVISOR, f"{case}/files"))["items"][0]["facts"] == []


async def test_the_supervisor_opens_it_and_agencies_are_asked_anew(cases: Cases) -> None:
    case, paths = await with_file(cases)
    await cases.seal(MANAGER, case, SUPERVISOR)
    move = {"move": "UNSEAL", "reason": "DANGER_OVER"}
    for other in (MANAGER, LPSK, COLLEAGUE):
        assert (await cases.call(other, "POST", f"{case}/seal/moves", move)).status_code == 404, other
    opened_again = await cases.post(SUPERVISOR, f"{case}/seal/moves", move)
    assert (opened_again["sealed"], opened_again["inside"]["granted"]) == (False, [])
    assert (await cases.call(LPSK, "GET", case)).status_code == 404
    assert (await cases.call(LPSK, "GET", paths["file"])).status_code == 200, "its own file is its own again"
    codes = [line["what"]["code"] for line in (await cases.read(MANAGER, paths["timeline"]))["items"]]
    assert codes.index("CASE_SEALED") < codes.index("CASE_UNSEALED")


async def test_lpsk_seals_a_case_that_it_was_asked_into(cases: Cases) -> None:
    case, paths = await with_file(cases)
    sealed = await cases.seal(LPSK, case, offices=("LPSK-53",))
    assert (sealed["sealed"], sealed["inside"]) == (True, None)
    assert (await cases.call(SUPERVISOR, "GET", case)).status_code == 404
    assert (await cases.call(MANAGER, "GET", paths["timeline"])).status_code == 200, "its manager is always named"
    assert (await cases.call(BP3MI, "POST", f"{case}/seal", {"reason": "THREAT"})).status_code == 404


async def test_each_act_leaves_its_line_in_the_audit(cases: Cases) -> None:
    case, _ = await with_file(cases)
    await cases.seal(MANAGER, case, SUPERVISOR)
    await cases.call(COLLEAGUE, "GET", case)
    rows: list[dict[str, Any]] = await cases.rows("audit", {"action": "CASE_SEALED"})
    assert [(row["actor"]["person"], row["decision"], row["outcome"]) for row in rows] == [(MANAGER, "PERMIT", "OK")]
    [refused] = await cases.rows("audit", {"action": "CASE_READ", "actor.person": COLLEAGUE})
    assert (refused["decision"], refused["target_ref"]) != ("PERMIT", case.rpartition("/")[2])


async def test_the_data_protection_officer_sees_who_had_seen_it_and_no_case(cases: Cases) -> None:
    case, _ = await with_file(cases)
    await cases.read(BP3MI, "/v1/cases")
    await cases.seal(MANAGER, case, SUPERVISOR)
    ref = case.rpartition("/")[2]
    [made] = [json.loads(row["value"]) for row in await cases.rows("outbox") if b"seal.made" in row["value"]]
    assert made["data"].keys() == {"occurred_at", "seal_ref", "tell"}
    sealed = (await cases.read(DPO, f"/v1/seals?seal_ref={made['data']['seal_ref']}"))["items"]
    assert {row["ref"]: row["kind"] for row in sealed}[ref] == "CASE"
    assert {row["kind"] for row in sealed} == {"CASE", "SUBJECT", "REFERRAL"}
    readers = {row["person"]: row for row in (await cases.read(DPO, f"/v1/seals/{ref}/readers"))["items"]}
    assert {person: row["named"] for person, row in readers.items()} == {MANAGER: True, LPSK: False}
    assert (readers[LPSK]["agency"], readers[LPSK]["classes"]) == ("LPSK-53", ["C1", "C2", "C4"]), "its own file"
    assert (await cases.call(DPO, "GET", case)).status_code == 404
    for person in (MANAGER, SUPERVISOR, LPSK):
        assert (await cases.call(person, "GET", "/v1/seals")).status_code == 403
