"""The inbox and the delivery log over HTTP: each office its own, each reader in their language."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.notify.domain.notice import Notice
from shared.events.case_v1 import ReferralAccepted
from tests.support.notify import (
    CASE_NO,
    HAPPENED,
    LPSK,
    UPTD,
    Notify,
    as_person,
    client_of,
    desk,
    member,
    notify,
    progressed,
)

pytestmark = pytest.mark.integration

MANAGER, COLLEAGUE, SUPERVISOR, OPERATOR, OUTSIDER, OTHER_SUPERVISOR = (f"O-0{n}" for n in range(1, 7))


@dataclass
class Office:
    """Notify with its staff and its interface."""

    ours: Notify
    client: httpx.AsyncClient

    async def get(self, person: str, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers=as_person(person, **headers))

    async def inbox(self, person: str, query: str = "") -> dict[str, Any]:
        answer = await self.get(person, f"/v1/inbox{query}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def mark(self, person: str, notice: str, body: object = None, **headers: str) -> httpx.Response:
        given = {"move": "READ"} if body is None else body
        return await self.client.post(f"/v1/inbox/{notice}/moves", json=given, headers=as_person(person, **headers))

    async def audit(self) -> list[tuple[str, str, str]]:
        rows = await self.ours.runtime.mongo.collection("audit").find({"actor": {"$ne": None}}).to_list(None)
        return [(row["actor"]["person"], row["action"], row["outcome"]) for row in rows]


@pytest.fixture
async def office(mongo_uri: str, unique: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with notify(mongo_uri, unique, tmp_path) as ours, client_of(ours) as client:
        for person, role, agency in (
            (MANAGER, "CASE_MANAGER", UPTD),
            (COLLEAGUE, "INTAKE_OFFICER", UPTD),
            (SUPERVISOR, "SUPERVISOR", UPTD),
            (OPERATOR, "OPERATOR", UPTD),
            (OUTSIDER, "AGENCY_OFFICER", LPSK),
            (OTHER_SUPERVISOR, "SUPERVISOR", LPSK),
        ):
            await ours.apply(member(person, role, agency))
        await ours.write_down(UPTD, desk())
        yield Office(ours, client)


async def test_an_office_reads_its_notices_newest_first_in_the_readers_language(office: Office) -> None:
    for case_no in ("NTT-2026-000001", "NTT-2026-000002"):
        await office.ours.apply(progressed(case_no=case_no))
    page = await office.inbox(MANAGER, "?count=true&limit=2")
    assert [item["subject"] for item in page["items"]] == [
        "Perkara NTT-2026-000002: ada perkembangan",
        "Perkara NTT-2026-000001: ada perkembangan",
    ]
    assert (page["unread"], page["next"]) == (2, None)
    [newest, _] = (await office.inbox(MANAGER, "?lang=en"))["items"]
    assert newest["subject"] == "Case NTT-2026-000002: there is news"
    assert newest["about"] == {"kind": "CASE", "ref": "case-1"}
    assert newest["happened_at"] == "2026-05-14T04:40:00+08:00"


async def test_another_offices_notice_looks_like_none(office: Office) -> None:
    await office.ours.apply(progressed())
    [notice] = await office.ours.all(Notice)
    assert await office.inbox(OUTSIDER) == {"items": [], "next": None, "unread": None, "masked": []}
    for path in (f"/v1/inbox/{notice.id}", "/v1/inbox/019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a12"):
        answer = await office.get(OUTSIDER, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert (await office.mark(OUTSIDER, notice.id)).status_code == 404
    assert (await office.get(MANAGER, f"/v1/inbox/{notice.id}")).status_code == 200


async def test_reading_is_marked_for_one_person(office: Office) -> None:
    await office.ours.apply(progressed())
    [notice] = await office.ours.all(Notice)
    marked = await office.mark(MANAGER, notice.id)
    assert (marked.status_code, marked.json()["unread"], marked.json()["readers"]) == (200, False, 1)
    assert (await office.inbox(MANAGER, "?count=true"))["unread"] == 0
    assert (await office.inbox(COLLEAGUE, "?count=true"))["unread"] == 1
    assert (await office.mark(MANAGER, notice.id)).json()["readers"] == 1


async def test_a_repeated_mark_is_replayed(office: Office) -> None:
    await office.ours.apply(progressed())
    [notice] = await office.ours.all(Notice)
    for replayed in (None, "true"):
        answer = await office.mark(MANAGER, notice.id, **{"Idempotency-Key": "k-1"})
        assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (200, replayed)


@pytest.mark.parametrize("body", [{"move": "DELETE"}, {}, {"move": "READ", "person": "O-02"}])
async def test_any_other_move_is_refused(office: Office, body: dict[str, str]) -> None:
    await office.ours.apply(progressed())
    [notice] = await office.ours.all(Notice)
    assert (await office.mark(MANAGER, notice.id, body)).status_code == 422
    assert (await office.inbox(MANAGER, "?count=true"))["unread"] == 1


async def test_the_unread_can_be_asked_for_alone(office: Office) -> None:
    for _ in range(3):
        await office.ours.apply(progressed())
    newest = (await office.inbox(MANAGER))["items"][0]["id"]
    await office.mark(MANAGER, newest)
    unread = [item["id"] for item in (await office.inbox(MANAGER, "?unread=true"))["items"]]
    read = [item["id"] for item in (await office.inbox(MANAGER, "?unread=false"))["items"]]
    assert (len(unread), read) == (2, [newest])
    assert newest not in unread
    assert [item["id"] for item in (await office.inbox(MANAGER))["items"]] == [*unread, newest]
    for wrong in ("unread", "count"):
        assert (await office.get(MANAGER, f"/v1/inbox?{wrong}=maybe")).status_code == 422


async def test_the_unread_are_counted_where_that_is_asked_for_alone(office: Office) -> None:
    for _ in range(3):
        await office.ours.apply(progressed())
    assert (await office.inbox(MANAGER, "?limit=1"))["unread"] is None
    assert (await office.inbox(MANAGER, "?limit=1&count=true"))["unread"] == 3
    assert (await office.inbox(OUTSIDER, "?count=true"))["unread"] == 0


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
async def test_the_inbox_is_paged_with_the_unread_first(office: Office, limit: int) -> None:
    for _ in range(5):
        await office.ours.apply(progressed())
    ids = sorted((notice.id for notice in await office.ours.all(Notice)), reverse=True)
    for read in (ids[0], ids[3]):
        await office.mark(MANAGER, read)
    seen, after = [], ""
    while True:
        page = await office.inbox(MANAGER, f"?limit={limit}{after}")
        seen += [item["id"] for item in page["items"]]
        assert len(page["items"]) <= limit
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == [ids[1], ids[2], ids[4], ids[0], ids[3]]


async def test_the_log_shows_how_it_went_and_no_address(office: Office) -> None:
    await office.ours.apply(progressed())
    await office.ours.apply(progressed(lead=LPSK))
    await office.ours.sender.round()
    for reader in (SUPERVISOR, OPERATOR):
        answer = await office.get(reader, "/v1/deliveries")
        rows = [(row["recipient"], row["channel"], row["state"], row["attempts"]) for row in answer.json()["items"]]
        assert sorted(rows) == [(UPTD, "IN_APP", "SENT", 0), (f"{UPTD}/desk", "EMAIL", "SENT", 1)]
        assert "@" not in answer.text
    failed = (await office.get(OTHER_SUPERVISOR, "/v1/deliveries?state=FAILED")).json()["items"]
    assert [(row["office"], row["reason"]) for row in failed] == [(LPSK, "NO_RECIPIENT")]


async def test_who_is_kept_out_of_a_case_finds_nothing_that_names_it(office: Office) -> None:
    referral = ReferralAccepted(
        occurred_at=HAPPENED, case_ref="case-1", case_no=CASE_NO, referral_ref="r-9", sender=UPTD, agency=LPSK
    )
    for told in (progressed(), referral):
        await office.ours.apply(told)
    kept_out = member(SUPERVISOR, "SUPERVISOR").model_copy(update={"excluded": ("case-1",)})
    assert len((await office.inbox(SUPERVISOR))["items"]) == 2
    await office.ours.apply(kept_out)
    assert (await office.inbox(SUPERVISOR))["items"] == []
    assert (await office.get(SUPERVISOR, "/v1/deliveries")).json()["items"] == []
    assert len((await office.inbox(COLLEAGUE))["items"]) == 2


@pytest.mark.parametrize(
    ("person", "path", "status"),
    [
        (MANAGER, "/v1/deliveries", 403),
        (OPERATOR, "/v1/inbox", 403),
        ("O-99", "/v1/inbox", 403),
        (SUPERVISOR, "/v1/inbox", 200),
    ],
)
async def test_nobody_reads_more_than_their_role_allows(office: Office, person: str, path: str, status: int) -> None:
    assert (await office.get(person, path)).status_code == status


async def test_without_a_sign_in_nothing_is_answered(office: Office) -> None:
    for path in ("/v1/inbox", "/v1/deliveries", "/v1/inbox/019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a12"):
        assert (await office.client.get(path)).status_code == 401


async def test_every_call_leaves_one_audit_row(office: Office) -> None:
    await office.ours.apply(progressed())
    [notice] = await office.ours.all(Notice)
    await office.inbox(MANAGER)
    await office.get(MANAGER, f"/v1/inbox/{notice.id}")
    await office.mark(MANAGER, notice.id)
    await office.get(OUTSIDER, f"/v1/inbox/{notice.id}")
    await office.get(MANAGER, "/v1/deliveries")
    assert await office.audit() == [
        (MANAGER, "INBOX_LISTED", "OK"),
        (MANAGER, "NOTICE_READ", "OK"),
        (MANAGER, "NOTICE_MARKED", "OK"),
        (OUTSIDER, "NOTICE_READ", "NOT_FOUND"),
        (MANAGER, "DELIVERIES_LISTED", "FORBIDDEN"),
    ]
