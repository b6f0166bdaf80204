"""The requests of notify."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.integration.test_sealed_people import published as sealed
from tests.support.asking.rows import Ask, Rows, posting, reading
from tests.support.notify import LPSK, UPTD, Notify, as_person, client_of, desk, member, notify, progressed
from tests.support.platform import Caller

MANAGER, SUPERVISOR, DPO, NOBODY = "O-20", "O-29", "O-90", "O-98"

rows = Rows()


@dataclass
class Office(Caller):
    """Notify with its staff and its interface."""

    ours: Notify
    http: httpx.AsyncClient

    async def call(self, person: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """One request as a person."""
        named = as_person(person, **{name.replace("_", "-"): value for name, value in headers.items()})
        return await self.http.request(method, path, json=body, headers=named)

    async def rows(self, collection: str) -> list[dict[str, Any]]:
        """Documents as they are stored, by id."""
        found = self.ours.runtime.mongo.collection(collection).find({}).sort([("_id", 1)])
        return list(await found.to_list(None))


@asynccontextmanager
async def office(mongo_uri: str, unique: str, folder: Path, **more: Any) -> AsyncIterator[Office]:
    """An office with a notice in its inbox; `more` are further settings."""
    async with notify(mongo_uri, unique, folder, **more) as ours, client_of(ours) as client:
        for person, role, agency in (
            (MANAGER, "CASE_MANAGER", UPTD),
            (SUPERVISOR, "SUPERVISOR", UPTD),
            (DPO, "DPO", "DPO-53"),
            (NOBODY, "ANALYST", LPSK),
        ):
            await ours.apply(member(person, role, agency))
        await ours.write_down(UPTD, desk())
        await ours.apply(progressed())
        yield Office(ours, client)


async def a_notice(office: Office) -> str:
    """The notice's path."""
    page = await office.read(MANAGER, "/v1/inbox")
    return f"/v1/inbox/{page['items'][0]['id']}"


@rows.row("INBOX_LISTED")
async def list_inbox(office: Office) -> Ask:
    return reading(MANAGER, "/v1/inbox")


@rows.row("NOTICE_READ")
async def read_notice(office: Office) -> Ask:
    return reading(MANAGER, await a_notice(office))


@rows.row("NOTICE_MARKED")
async def mark_notice(office: Office) -> Ask:
    return posting(MANAGER, f"{await a_notice(office)}/moves", {"move": "READ"})


@rows.row("DELIVERIES_LISTED")
async def list_deliveries(office: Office) -> Ask:
    return reading(SUPERVISOR, "/v1/deliveries")


@rows.row("SEALS_LISTED")
async def list_seals(office: Office) -> Ask:
    await office.ours.apply(sealed("case-2", MANAGER, kind="CASE"))
    return reading(DPO, "/v1/seals")


@rows.row("SEAL_READERS_LISTED")
async def list_readers_of_sealed(office: Office) -> Ask:
    await office.ours.apply(sealed("case-3", MANAGER, kind="CASE"))
    return reading(DPO, "/v1/seals/case-3/readers")
