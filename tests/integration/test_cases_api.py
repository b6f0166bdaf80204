"""Cases over HTTP on a real database: from a hand-over to an agency's file, and who sees what of it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from shared.events import partner_v1
from shared.events.intake_v1 import ScreeningCompleted
from shared.events.notice_v1 import NoticeUndeliverable
from shared.kernel.clock import system_clock
from shared.kernel.ids import new_id
from shared.mongo.clock_lane import ClockLane
from tests.support.addresses import Addresses
from tests.support.cases import STAFF, Cases, running_cases
from tests.support.platform import until
from tests.unit.cases.builders import handed

pytestmark = pytest.mark.integration

MANAGER, COLLEAGUE, ELSEWHERE, SUPERVISOR = "O-20", "O-21", "O-22", "O-29"
LPSK, POLICE, BP3MI = "O-51", "O-60", "O-40"


@pytest.fixture
async def cases(stack: Addresses, unique: str) -> AsyncIterator[Cases]:
    async with running_cases(stack, unique) as running:
        yield running


async def drafted(cases: Cases, **changes: Any) -> str:
    """A case that a hand-over made; answers its path."""
    body = handed(occurred_at=system_clock(), **changes)
    await cases.feed("intake-events", body, key=body.subject_ref)
    [link] = await cases.rows("participants", {"_id": body.subject_ref})
    return f"/v1/cases/{link['case_ref']}"


def said(purpose: str, answer: str = "GIVEN") -> dict[str, object]:
    return {
        "purpose": purpose,
        "answer": answer,
        "told_how": "READ_ALOUD",
        "language": "dawan",
        "evidence": "SIGNED",
    }


async def opened(cases: Cases, **changes: Any) -> str:
    """A case that its manager took, with consents for LPSK."""
    case = await drafted(cases, **changes)
    await cases.move(MANAGER, case, {"move": "TAKE"})
    for purpose in ("SHARE_LPSK", "LPSK_APPLICATION"):
        await cases.post(MANAGER, f"{case}/consents", said(purpose))
    return case


async def referred(cases: Cases, case: str) -> str:
    """A referral to LPSK; answers its path."""
    body = {"agency": "LPSK-53", "purpose": "LPSK_APPLICATION"}
    answer = await cases.call(MANAGER, "POST", f"{case}/referrals", body)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


async def test_a_hand_over_becomes_a_case_that_is_taken_opened_referred_and_active(cases: Cases) -> None:
    case = await drafted(cases)
    before = await cases.read(COLLEAGUE, case)
    assert re.fullmatch(r"NTT-\d{4}-\d{6}", before["case_no"])
    assert before["state"] == {"code": "DRAFT", "label": "Rancangan"}
    assert [move["code"] for move in before["inside"]["legal_moves"]] == ["TAKE"]

    taken = await cases.move(MANAGER, case, {"move": "TAKE"})
    assert (taken["state"]["code"], taken["inside"]["manager"]) == ("DRAFT", MANAGER)
    await cases.post(MANAGER, f"{case}/consents", said("POLICE_REPORT", "REFUSED"))
    for purpose in ("SHARE_LPSK", "LPSK_APPLICATION"):
        await cases.post(MANAGER, f"{case}/consents", said(purpose))
    assert (await cases.read(MANAGER, case))["state"]["code"] == "OPEN"

    referral = await referred(cases, case)
    accepted = await cases.move(LPSK, referral, {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}})
    assert accepted["clock"]["status"] == "MET"
    assert (await cases.read(MANAGER, case))["state"]["code"] == "ACTIVE"
    [file] = (await cases.read(LPSK, f"{case}/files"))["items"]
    assert (file["foreign_no"], file["stage"]) == ("PP.01/2026", None)


async def test_before_a_referral_nobody_but_the_lead_learns_of_a_case(cases: Cases) -> None:
    case = await opened(cases)
    for outsider in (LPSK, POLICE, BP3MI, ELSEWHERE, COLLEAGUE):
        assert (await cases.call(outsider, "GET", case)).status_code == 404
        assert (await cases.read(outsider, "/v1/cases"))["items"] == []
    assert (await cases.read(SUPERVISOR, case))["inside"]["manager"] == MANAGER


async def test_an_agency_that_was_asked_in_sees_the_thin_case_and_no_other_agencys_referral(cases: Cases) -> None:
    case = await opened(cases)
    referral = await referred(cases, case)
    seen = await cases.read(LPSK, case)
    assert (seen["inside"], seen["lead"]["code"]) == (None, "UPTD_PPA-53.71")
    for hidden in ("risk=R1_DARURAT", "risk=R2_TINGGI", "risk=R3_SEDANG", "risk=R4_RENDAH", f"manager={MANAGER}"):
        assert (await cases.read(LPSK, f"/v1/cases?{hidden}"))["items"] == [], "a filter must not tell what is masked"
    assert len((await cases.read(LPSK, f"/v1/cases?case_no={seen['case_no']}"))["items"]) == 1
    assert len((await cases.read(MANAGER, f"/v1/cases?manager={MANAGER}"))["items"]) == 1
    assert (await cases.read(LPSK, referral))["state"]["code"] == "PENDING"
    assert (await cases.call(POLICE, "GET", referral)).status_code == 404
    for path in (f"{case}/timeline", f"{case}/consents"):
        assert (await cases.call(LPSK, "GET", path)).status_code == 404
    assert [item["id"] for item in (await cases.read(LPSK, "/v1/referrals?state=PENDING"))["items"]] == [
        referral.rpartition("/")[2]
    ]
    await cases.move(LPSK, referral, {"move": "REJECT", "data": {"reason": "NOT_COMPETENT"}})
    for path in (case, referral):
        assert (await cases.call(LPSK, "GET", path)).status_code == 404
    assert (await cases.read(LPSK, "/v1/referrals"))["items"] == []
    assert (await cases.read(MANAGER, referral))["state"]["code"] == "REJECTED"


async def test_whoever_is_kept_out_of_a_case_sees_none_whatever_their_role(cases: Cases) -> None:
    case = await opened(cases)
    referral = await referred(cases, case)
    await cases.move(LPSK, referral, {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}})
    [file] = (await cases.read(LPSK, f"{case}/files"))["items"]
    for person in (LPSK, SUPERVISOR):
        await cases.post(MANAGER, f"{case}/exclusions", {"person": person, "reason": "SAME_VILLAGE"})
    for person in (LPSK, SUPERVISOR):
        for path in (
            case,
            referral,
            f"/v1/files/{file['id']}",
            f"{case}/files",
            f"{case}/timeline",
            f"{case}/consents",
        ):
            assert (await cases.call(person, "GET", path)).status_code == 404, (person, path)
        for path in ("/v1/cases", "/v1/referrals", "/v1/tasks"):
            assert (await cases.read(person, path))["items"] == [], (person, path)
    assert (
        await cases.call(COLLEAGUE, "POST", f"{case}/exclusions", {"person": LPSK, "reason": "RELATIVE"})
    ).status_code == 404


async def test_an_interest_declared_takes_the_case_away_at_once_and_only_the_supervisor_gives_it_back(
    cases: Cases,
) -> None:
    case = await opened(cases)
    await referred(cases, case)
    for person in (LPSK, MANAGER):
        said_so = await cases.post(person, f"{case}/interests", {"reason": "RELATIVE"})
        assert (said_so["inside"], said_so["masked"]) == (None, ["/inside"])
        for path in (case, f"{case}/timeline"):
            assert (await cases.call(person, "GET", path)).status_code == 404, (person, path)
        for path in ("/v1/cases", "/v1/referrals", "/v1/tasks"):
            assert (await cases.read(person, path))["items"] == [], (person, path)
        back = {"person": person, "reason": "NAMED_IN_ERROR"}
        assert (await cases.call(person, "POST", f"{case}/readmissions", back)).status_code == 404
    [task] = (await cases.read(SUPERVISOR, "/v1/tasks"))["items"]
    assert (task["kind"]["code"], task["case"]) == ("APPOINT_MANAGER", case.rpartition("/")[2])

    back = {"person": MANAGER, "reason": "NOTHING_FOUND"}
    assert (await cases.call(COLLEAGUE, "POST", f"{case}/readmissions", back)).status_code == 404
    await cases.post(SUPERVISOR, f"{case}/readmissions", back)
    assert (await cases.read(MANAGER, case))["inside"]["manager"] == MANAGER
    assert (await cases.call(LPSK, "GET", case)).status_code == 404
    assert [task["state"] for task in (await cases.read(SUPERVISOR, "/v1/tasks"))["items"]] == ["DONE"]
    actions = [row["action"] for row in await cases.rows("audit", {"outcome": "OK"})]
    assert (actions.count("INTEREST_DECLARED"), actions.count("MEMBER_READMITTED")) == (2, 1)


async def test_nobody_declares_an_interest_in_what_they_do_not_see(cases: Cases) -> None:
    case = await opened(cases)
    for person in (COLLEAGUE, ELSEWHERE, LPSK):
        refused = await cases.call(person, "POST", f"{case}/interests", {"reason": "RELATIVE"})
        assert refused.status_code == 404, person


async def test_after_a_withdrawal_only_the_agencys_own_file_is_left_to_it(cases: Cases) -> None:
    case = await opened(cases)
    referral = await referred(cases, case)
    await cases.move(LPSK, referral, {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}})
    [file] = (await cases.read(LPSK, f"{case}/files"))["items"]
    assert (await cases.read(LPSK, referral))["state"]["code"] == "ACCEPTED"

    await cases.post(MANAGER, f"{case}/consents", said("SHARE_LPSK", "WITHDRAWN"))

    gone, absent = await cases.call(LPSK, "GET", referral), await cases.call(LPSK, "GET", f"/v1/referrals/{new_id()}")
    assert (gone.status_code, gone.json()["code"]) == (absent.status_code, absent.json()["code"]) == (404, "NOT_FOUND")
    move = await cases.call(LPSK, "POST", f"{referral}/moves", {"move": "ACCEPT"}, If_Match='"x"')
    assert move.status_code == 404
    assert (await cases.read(LPSK, "/v1/referrals"))["items"] == []
    assert (await cases.read(LPSK, f"/v1/files/{file['id']}"))["foreign_no"] == "PP.01/2026"
    assert (await cases.read(MANAGER, referral))["state"]["code"] == "ACCEPTED"


async def test_without_consent_a_referral_is_422_and_names_no_value(cases: Cases) -> None:
    case = await opened(cases)
    answer = await cases.call(MANAGER, "POST", f"{case}/referrals", {"agency": "POLRI-53", "purpose": "POLICE_REPORT"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "CONSENT_MISSING")
    assert problem["errors"] == [{"pointer": "/legal_basis", "code": "CONSENT_MISSING"}]
    assert await cases.rows("referrals") == []
    [row] = await cases.rows("audit", {"outcome": "CONSENT_MISSING"})
    assert row["action"] == "REFERRAL_SENT"


async def test_an_illegal_move_is_409_in_the_readers_language(cases: Cases) -> None:
    case = await drafted(cases)
    await cases.move(MANAGER, case, {"move": "TAKE"})
    tag = (await cases.call(MANAGER, "GET", case)).headers["etag"]
    answer = await cases.call(MANAGER, "POST", f"{case}/moves?lang=en", {"move": "TAKE"}, If_Match=tag)
    assert (answer.status_code, answer.json()["code"]) == (409, "ILLEGAL_MOVE")
    assert answer.json()["title"] == "This move is not possible in this state"
    body = {"agency": "LPSK-53", "purpose": "LPSK_APPLICATION"}
    early = await cases.call(MANAGER, "POST", f"{case}/referrals", body)
    assert (early.status_code, early.json()["code"]) == (409, "CASE_NOT_OPEN")


async def test_of_two_who_take_the_same_draft_the_second_loses_sight_or_is_412(cases: Cases) -> None:
    case = await drafted(cases)
    tag = (await cases.call(COLLEAGUE, "GET", case)).headers["etag"]
    await cases.move(MANAGER, case, {"move": "TAKE"})
    answer = await cases.call(COLLEAGUE, "POST", f"{case}/moves", {"move": "TAKE"}, If_Match=tag)
    assert answer.status_code == 404
    stale = await cases.call(MANAGER, "POST", f"{case}/moves", {"move": "TAKE"}, If_Match=tag)
    assert (stale.status_code, stale.json()["code"]) == (412, "VERSION_CONFLICT")
    missing = await cases.call(MANAGER, "POST", f"{case}/moves", {"move": "TAKE"})
    assert missing.status_code == 428


async def test_a_double_click_accepts_once(cases: Cases) -> None:
    referral = await referred(cases, await opened(cases))
    tag = (await cases.call(LPSK, "GET", referral)).headers["etag"]
    body = {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}}
    first = await cases.call(LPSK, "POST", f"{referral}/moves", body, If_Match=tag, Idempotency_Key="click")
    again = await cases.call(LPSK, "POST", f"{referral}/moves", body, If_Match=tag, Idempotency_Key="click")
    other = await cases.call(LPSK, "POST", f"{referral}/moves", body, If_Match=tag)
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 412)
    assert again.headers["idempotency-replayed"] == "true"
    accepted = [row for row in await cases.rows("timeline") if row["code"] == "REFERRAL_ACCEPTED"]
    assert len(accepted) == 1


async def test_an_agencys_number_is_a_number(cases: Cases) -> None:
    referral = await referred(cases, await opened(cases))
    tag = (await cases.call(LPSK, "GET", referral)).headers["etag"]
    body = {"move": "ACCEPT", "data": {"foreign_no": "Nama Korban lahir di desa 1"}}
    refused = await cases.call(LPSK, "POST", f"{referral}/moves", body, If_Match=tag)
    assert refused.json()["errors"] == [{"pointer": "/data/foreign_no", "code": "BAD_FORMAT"}]


async def test_a_file_shows_its_stage_to_the_lead_and_its_content_to_its_agency(cases: Cases) -> None:
    case = await opened(cases)
    await cases.move(LPSK, await referred(cases, case), {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}})
    fact = partner_v1.ProtectionSubmitted(occurred_at=system_clock(), foreign_no="PP.01/2026", applicant="VICTIM")
    await cases.feed("partner-lpsk", fact, key="PP.01/2026", id_="LPSK-1")
    [own] = (await cases.read(LPSK, f"{case}/files"))["items"]
    assert own["stage"]["code"] == "SUBMITTED"
    assert own["facts"][0]["detail"] == {"applicant": "VICTIM"}
    lead = await cases.read(MANAGER, f"/v1/files/{own['id']}")
    assert (lead["stage"]["code"], lead["facts"][0]["detail"], lead["facts"][0]["event_id"]) == (
        "SUBMITTED",
        None,
        None,
    )
    assert (await cases.call(POLICE, "GET", f"/v1/files/{own['id']}")).status_code == 404


async def test_the_timeline_tells_case_consents_referral_and_file_by_when_things_happened(cases: Cases) -> None:
    case = await opened(cases)
    await cases.move(LPSK, await referred(cases, case), {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}})
    lines = (await cases.read(MANAGER, f"{case}/timeline?lang=en"))["items"]
    assert sorted(line["what"]["code"] for line in lines) == [
        "AGENCY_GRANTED",
        "CASE_ACTIVATED",
        "CASE_DRAFTED",
        "CASE_TAKEN",
        "CONSENT_GIVEN",
        "CONSENT_GIVEN",
        "CONSENT_STATE_CHANGED",
        "FILE_BEGUN",
        "REFERRAL_ACCEPTED",
        "REFERRAL_SENT",
    ]
    times = [line["occurred_at"] for line in lines]
    assert times == sorted(times)
    assert all(line["what"]["label"] != line["what"]["code"] for line in lines)
    by_lpsk = [line for line in lines if line["agency"] == "LPSK-53"]
    assert by_lpsk
    assert {line["person"] for line in by_lpsk} == {None}


@pytest.mark.parametrize("limit", [1, 3, 200])
async def test_a_timeline_is_read_whole_page_by_page(cases: Cases, limit: int) -> None:
    case = await opened(cases)
    rows = cases.runtime.mongo.collection("timeline")
    [line] = await cases.rows("timeline", {"code": "CASE_TAKEN"})
    await rows.insert_many([{**line, "_id": f"{line['about']}|{1000 + n}", "version": 1000 + n} for n in range(7)])
    order = ("occurred_at", "recorded_at", "_id")
    whole = sorted(await cases.rows("timeline"), key=lambda row: [row[name] for name in order])
    told: list[str] = []
    after: str | None = ""
    while after is not None:
        page = await cases.read(MANAGER, f"{case}/timeline?limit={limit}" + (f"&after={after}" if after else ""))
        assert len(page["items"]) <= limit
        told += [f"{each['about']}|{each['ref']}|{each['version']}" for each in page["items"]]
        after = page["next"]
    assert told == [row["_id"] for row in whole]
    assert (await cases.call(MANAGER, "GET", f"{case}/timeline?after=nonsense")).status_code == 422


async def test_a_later_screening_changes_the_risk_and_whoever_missed_a_notice_is_called(cases: Cases) -> None:
    case = await opened(cases)
    ref = case.rpartition("/")[2]
    screened = ScreeningCompleted(
        occurred_at=system_clock(), subject_ref="P-004", report_ref="I-1", round=2, state="CONFIRMED_VICTIM", risk=None
    )
    await cases.feed("intake-events", screened.model_copy(update={"risk": "R3_SEDANG"}), key="P-004")
    assert (await cases.read(MANAGER, case))["inside"]["risk"] == {"code": "R3_SEDANG", "label": "Sedang"}
    lost = NoticeUndeliverable(
        occurred_at=system_clock(),
        notice_ref="N-1",
        cause_id="E-1",
        case_ref=ref,
        agency="LPSK-53",
        channel="EMAIL",
        reason="BOUNCED",
    )
    await cases.feed("notice-events", lost, key="N-1")
    [task] = (await cases.read(MANAGER, "/v1/tasks"))["items"]
    assert (task["kind"]["code"], task["assignee"], task["case"]) == ("CALL", MANAGER, ref)
    assert (await cases.read(LPSK, "/v1/tasks"))["items"] == []


async def test_staff_is_published_once_per_change(cases: Cases) -> None:
    assert await cases.hire() == []
    published = await cases.rows("outbox", {"topic": "staff-events"})
    assert {row["key"] for row in published} == {"O-20", "O-21", "O-22", "O-29", "O-40", "O-51", "O-60"}
    gone = STAFF.replace("person: O-21,", "person: O-21, active: false,")
    assert await cases.hire(gone) == ["O-21"]
    assert (await cases.call("O-21", "GET", "/v1/cases")).json()["code"] == "STAFF_UNKNOWN"


async def test_every_answer_leaves_one_audit_row(cases: Cases) -> None:
    case = await drafted(cases)
    before = len(await cases.rows("audit"))
    await cases.call(MANAGER, "GET", case)
    await cases.call(LPSK, "GET", case)
    await cases.call(MANAGER, "GET", "/v1/cases")
    await cases.move(MANAGER, case, {"move": "TAKE"})
    rows = (await cases.rows("audit"))[before:]
    assert sorted((row["action"], row["outcome"]) for row in rows) == [
        ("CASES_LISTED", "OK"),
        ("CASE_MOVED", "OK"),
        ("CASE_READ", "NOT_FOUND"),
        ("CASE_READ", "OK"),
        ("CASE_READ", "OK"),
    ]


async def test_an_unanswered_referral_is_a_breach_at_its_limit_and_goes_back_a_day_later(cases: Cases) -> None:
    case = await opened(cases)
    body = {"agency": "LPSK-53", "purpose": "LPSK_APPLICATION"}
    body["occurred_at"] = (system_clock() - timedelta(hours=25)).isoformat()
    late = await cases.post(MANAGER, f"{case}/referrals", body)
    async with ticking(cases):
        await until(lambda: cases.rows("referrals", {"clock.status": "BREACHED"}))
    path = f"/v1/referrals/{late['id']}"
    seen = await cases.read(LPSK, path)
    assert (seen["state"]["code"], seen["clock"]["breached_at"]) == ("PENDING", late["clock"]["due_at"])
    [timer] = await cases.rows("timers")
    assert (timer["rung"], timer["status"]) == (1, "RUNNING")
    assert await published(cases, "clock.breached") == 1

    overdue = {"$set": {"due_at": system_clock() - timedelta(seconds=1)}}
    await cases.runtime.mongo.collection("timers").update_one({"_id": timer["_id"]}, overdue)
    async with ticking(cases):
        await until(lambda: cases.rows("referrals", {"state": "RETURNED"}))
    returned = await cases.read(MANAGER, path)
    assert returned["reason"] == {"code": "UNANSWERED", "label": "Tidak dijawab"}
    assert (await cases.call(LPSK, "GET", case)).status_code == 404
    assert await published(cases, "clock.breached") == 2


async def published(cases: Cases, kind: str) -> int:
    """How many events of a kind lie in the outbox."""
    return sum(kind.encode() in row["value"] for row in await cases.rows("outbox"))


@asynccontextmanager
async def ticking(cases: Cases) -> AsyncIterator[None]:
    """The service's clock, running."""
    runtime, stop = cases.runtime, asyncio.Event()
    clock = ClockLane(runtime.name, runtime.uow, runtime.service.rules, runtime.leases)
    task = asyncio.create_task(clock.run(stop))
    yield
    stop.set()
    await task


async def test_an_audit_row_says_on_what_grounds_what_was_shown_and_whose_it_was(cases: Cases) -> None:
    case = await opened(cases)
    ref, [person] = case.rpartition("/")[2], (await cases.rows("participants"))
    sent = await cases.post(MANAGER, f"{case}/referrals", {"agency": "LPSK-53", "purpose": "LPSK_APPLICATION"})
    before = len(await cases.rows("audit"))
    await cases.read(LPSK, "/v1/cases")
    await cases.read(MANAGER, case)
    await cases.call(ELSEWHERE, "GET", case)
    listed, read, denied = (await cases.rows("audit"))[before:]
    assert (["case|" + ref, "subject|" + person["_id"]], []) == (read["chains"], listed["chains"])
    assert [ref, person["_id"]] == read["shown_refs"] == listed["shown_refs"]
    assert ([], [ref]) == (read["foreign_refs"], listed["foreign_refs"]), "LPSK saw a case that another office leads"
    assert (read["decision"], read["role"]) == ("PERMIT", "CASE_MANAGER")
    assert (denied["decision"], denied["role"], denied["shown_refs"]) == ("DENY", None, [])
    [change] = await cases.rows("audit", {"action": "REFERRAL_SENT"})
    assert {f"case|{ref}", f"subject|{person['_id']}"} == set(change["chains"])
    assert ("PERMIT", "CASE_MANAGER", sent["id"]) == (change["decision"], change["role"], change["shown_refs"][0])


async def test_a_former_manager_sees_nothing_of_a_case_that_was_given_on(cases: Cases) -> None:
    case = await opened(cases)
    referral = await referred(cases, case)
    await cases.move(LPSK, referral, {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}})
    [file] = await cases.rows("agency_files")
    tag = (await cases.call(SUPERVISOR, "GET", case)).headers["etag"]
    given = await cases.post(SUPERVISOR, f"{case}/manager", {"manager": COLLEAGUE}, If_Match=tag)
    assert given["inside"]["manager"] == COLLEAGUE

    for path in (case, f"{case}/timeline", f"{case}/consents", f"{case}/files", referral, f"/v1/files/{file['_id']}"):
        assert (await cases.call(MANAGER, "GET", path)).status_code == 404, path
        assert (await cases.call(COLLEAGUE, "GET", path)).status_code == 200, path
    for path in ("/v1/cases", "/v1/referrals"):
        assert (await cases.read(MANAGER, path))["items"] == []
    refused = await cases.call(COLLEAGUE, "POST", f"{case}/manager", {"manager": MANAGER}, If_Match=tag)
    assert refused.status_code == 404, "a manager does not choose the next one"


async def test_what_is_masked_is_named_and_the_purpose_is_one_of_a_list(cases: Cases) -> None:
    case = await opened(cases)
    await referred(cases, case)
    thin = await cases.read(LPSK, case)
    assert (thin["inside"], thin["masked"]) == (None, ["/inside"])
    assert (await cases.read(MANAGER, case))["masked"] == []
    for purpose, status in (("STATISTICS", 404), ("SUPERVISION", 200)):
        assert (await cases.call(MANAGER, "GET", f"{case}/timeline", X_Purpose=purpose)).status_code == status
    unknown = await cases.call(MANAGER, "GET", case, X_Purpose="CURIOSITY")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "PURPOSE_UNKNOWN")
    rows = await cases.rows("audit", {"action": "TIMELINE_READ"})
    assert [(row["purpose"], row["decision"]) for row in rows] == [("STATISTICS", "DENY"), ("SUPERVISION", "PERMIT")]
    assert (rows[1]["policies"], rows[1]["classes"]) == (["cases.manager.reads"], ["C2"])
