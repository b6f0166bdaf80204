"""Partners' events over HTTP, on a real database: one effect whichever way they come, and a receipt that tells nothing
but what the sender knows."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.events import partner_v1
from shared.events.envelope import BATCH_CONTENT_TYPE, CONTENT_TYPE, EventData
from shared.http.limits import Rate, load_limits
from shared.http.specs import Use
from shared.kernel.clock import system_clock
from shared.mongo.documents import to_document
from shared.mongo.inbox import KEEP
from shared.reference.roles import PARTNER_SYSTEM
from shared.security.staff import Office
from tests.integration.test_cases_api import LPSK, MANAGER, SUPERVISOR, opened, referred
from tests.support.addresses import Addresses
from tests.support.cases import Cases, event_bytes, running_cases

pytestmark = pytest.mark.integration

PATH = "/v1/partner-events"
TOPIC = "partner-lpsk"
NUMBER = "PP-004/2026"


@pytest.fixture
async def cases(stack: Addresses, unique: str) -> AsyncIterator[Cases]:
    async with running_cases(stack, unique) as running:
        yield running


async def asked_in(cases: Cases) -> tuple[str, str]:
    """A case whose number LPSK holds: its path and the number."""
    case = await opened(cases)
    await referred(cases, case)
    return case, str((await cases.read(LPSK, case))["case_no"])


async def asked(cases: Cases) -> str:
    """The number of such a case."""
    return (await asked_in(cases))[1]


def submitted(case_no: str | None = None, number: str = NUMBER, applicant: str = "VICTIM") -> EventData:
    return partner_v1.ProtectionSubmitted(
        occurred_at=system_clock(), foreign_no=number, case_no=case_no, applicant=applicant
    )


def told(data: EventData, id_: str, topic: str = TOPIC) -> dict[str, Any]:
    """An event as its agency's system writes it."""
    tree: dict[str, Any] = json.loads(event_bytes(topic, data, key=NUMBER, id_=id_))
    return tree


async def post(
    cases: Cases, *events: dict[str, Any], client: str = TOPIC, token: str | None = None, batch: bool = True
) -> httpx.Response:
    """One request of an agency's system."""
    headers = {
        "Authorization": f"Bearer {token or cases.signing.issuer.mint_partner(client)}",
        "Content-Type": BATCH_CONTENT_TYPE if batch else CONTENT_TYPE,
    }
    content = json.dumps(list(events) if batch else events[0])
    return await cases.http.post(PATH, content=content, headers=headers)


async def statuses(cases: Cases, *events: dict[str, Any], client: str = TOPIC) -> list[str]:
    """The receipts of a batch."""
    answer = await post(cases, *events, client=client)
    assert answer.status_code == 200, answer.text
    return [item["status"] for item in answer.json()["items"]]


async def facts(cases: Cases) -> list[list[str]]:
    """What each agency's file has been told."""
    return [[fact["event_id"] for fact in file["facts"]] for file in await cases.rows("agency_files")]


async def test_a_fact_is_applied_and_audited_before_it_is_answered(cases: Cases) -> None:
    event = told(submitted(await asked(cases)), "L-1")
    answer = await post(cases, event, batch=False)
    assert (answer.status_code, answer.json()) == (
        200,
        {"items": [{"status": "RECEIVED", "reason": None, "pointer": None}]},
    )
    assert await facts(cases) == [["L-1"]]
    assert [row["partition"] for row in await cases.rows("progress") if "partner" in row["_id"]] == []
    [call] = await cases.rows("audit", {"action": "FACTS_REPORTED"})
    assert (call["outcome"], call["actor"]["person"], call["actor"]["agency"]) == ("OK", TOPIC, "LPSK-53")
    [change] = await cases.rows("audit", {"action": event["type"]})
    assert (change["channel"], change["correlation_id"]) == (TOPIC, call["correlation_id"])
    assert call["correlation_id"] == answer.headers["x-correlation-id"]


@pytest.mark.parametrize("topic_first", [True, False])
async def test_a_fact_that_comes_both_ways_has_one_effect(cases: Cases, topic_first: bool) -> None:
    data = submitted(await asked(cases))
    ways = [lambda: cases.feed(TOPIC, data, key=NUMBER, id_="L-1"), lambda: post(cases, told(data, "L-1"))]
    for way in ways if topic_first else reversed(ways):
        await way()
    assert await facts(cases) == [["L-1"]]
    assert await statuses(cases, told(data, "L-1")) == ["DUPLICATE_IGNORED"]
    assert len(await cases.rows("inbox", {"_id": {"$regex": r"\|L-1$"}})) == 1
    assert await cases.rows("quarantine") == []


async def test_many_senders_of_one_fact_at_once_have_one_effect(cases: Cases) -> None:
    event = told(submitted(await asked(cases)), "L-1")
    answers = await asyncio.gather(*(statuses(cases, event) for _ in range(12)))
    assert sorted(status for [status] in answers) == ["DUPLICATE_IGNORED"] * 11 + ["RECEIVED"]
    assert await facts(cases) == [["L-1"]]


async def test_a_batch_answers_for_each_of_its_events(cases: Cases) -> None:
    case_no = await asked(cases)
    first, other = told(submitted(case_no), "L-1"), told(submitted(case_no, applicant="FAMILY"), "L-1")
    foreign = first | {"id": "L-2", "source": "/partner/police"}
    got = await statuses(cases, first, first, other, foreign, told(submitted(number="PP-9/2026"), "L-3"))
    assert got == ["RECEIVED", "DUPLICATE_IGNORED", "CONFLICTING_DUPLICATE", "INVALID", "RECEIVED"]
    assert await facts(cases) == [["L-1"]]
    rows = await cases.rows("quarantine")
    assert sorted(row["reason"] for row in rows) == ["CONFLICTING_DUPLICATE", "UNKNOWN_REFERENCE"]
    assert all(row["sealed"] and NUMBER.encode() not in bytes(row["sealed"]) for row in rows)
    assert await cases.rows("dead_letters") == []
    assert [row["channel"] for row in await cases.rows("audit", {"outcome": "SECURITY_ID_REUSED"})] == [TOPIC]


async def test_the_receipt_does_not_tell_whether_a_reference_is_known(cases: Cases) -> None:
    """INVARIANT 7: unknown, another agency's, sealed and too old look like what was applied."""
    case, case_no = await asked_in(cases)
    arrived = partner_v1.ReturnArrived(
        occurred_at=system_clock(), foreign_no="KP-1/2026", case_no=case_no, checkpoint="KOE"
    )
    stale = told(submitted(case_no), "L-3") | {"time": (system_clock() - KEEP - timedelta(days=1)).isoformat()}
    answers = [
        await post(cases, told(submitted(case_no), "L-1"), batch=False),
        await post(cases, told(submitted("NTT-2026-999999", "PP-8/2026"), "L-2"), batch=False),
        await post(cases, told(arrived, "B-1", "partner-bp2mi"), client="partner-bp2mi", batch=False),
        await post(cases, stale, batch=False),
    ]
    await cases.seal(MANAGER, case, SUPERVISOR)
    answers.append(await post(cases, told(submitted(case_no), "L-4"), batch=False))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert sorted(row["reason"] for row in await cases.rows("quarantine")) == [
        "TOO_OLD",
        "UNKNOWN_REFERENCE",
        "UNKNOWN_REFERENCE",
        "UNKNOWN_REFERENCE",
    ]
    assert await facts(cases) == [["L-1"]]


async def test_one_event_that_is_refused_does_not_look_accepted(cases: Cases) -> None:
    case_no = await asked(cases)
    await post(cases, told(submitted(case_no), "L-1"))
    conflicting = await post(cases, told(submitted(case_no, applicant="FAMILY"), "L-1"), batch=False)
    assert (conflicting.status_code, conflicting.json()["code"]) == (409, "CONFLICTING_DUPLICATE")
    anothers = await post(cases, told(submitted(case_no), "L-2"), client="partner-police", batch=False)
    assert (anothers.status_code, anothers.json()["code"]) == (422, "INVALID_EVENT")
    assert anothers.json()["errors"] == [{"pointer": "/source", "code": "WRONG_SOURCE"}]
    calls = await cases.rows("audit", {"action": "FACTS_REPORTED"})
    assert [row["outcome"] for row in calls] == ["OK", "CONFLICTING_DUPLICATE", "INVALID_EVENT"]
    assert await facts(cases) == [["L-1"]]


async def test_no_person_and_no_other_client_posts_events_and_no_system_reads(cases: Cases) -> None:
    event = told(submitted(), "L-1")
    issuer = cases.signing.issuer
    for token in (issuer.mint(LPSK), issuer.mint_partner("partner-nobody"), issuer.mint_partner(TOPIC, person=LPSK)):
        answer = await post(cases, event, token=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID")
    headers = {"Authorization": f"Bearer {issuer.mint_partner(TOPIC)}"}
    answer = await cases.http.get("/v1/cases", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID")
    assert await cases.rows("inbox") == []


async def test_with_its_office_shut_out_a_system_is_too(cases: Cases) -> None:
    shut = to_document(Office(id="LPSK-53", suspended=True))
    await cases.runtime.mongo.collection(Office.collection).insert_one(shut)
    answer = await post(cases, told(submitted(), "L-1"))
    assert (answer.status_code, answer.json()["code"]) == (403, "PARTNER_SHUT_OUT")
    assert await statuses(cases, told(submitted(), "P-1"), client="partner-police") == ["INVALID"]
    [row] = await cases.rows("audit", {"outcome": "PARTNER_SHUT_OUT"})
    assert row["actor"]["person"] == TOPIC
    assert await cases.rows("inbox") == []


@pytest.fixture
async def narrow(stack: Addresses, unique: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cases]:
    """Where a partner's system may ask twice in an hour, and everybody else as ever."""
    usual, twice = load_limits(), Rate.model_validate({"limit": "2/hour"})
    limits = usual.model_copy(update={"roles": {PARTNER_SYSTEM: dict.fromkeys(Use, twice)}})
    monkeypatch.setattr("shared.http.limiting.load_limits", lambda: limits)
    async with running_cases(stack, unique) as running:
        yield running


async def test_each_partner_has_its_own_limit(narrow: Cases) -> None:
    event = told(submitted(), "L-1")
    assert [await statuses(narrow, event) for _ in range(2)] == [["RECEIVED"], ["DUPLICATE_IGNORED"]]
    refused = await post(narrow, event)
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert await statuses(narrow, event, client="partner-police") == ["INVALID"]
