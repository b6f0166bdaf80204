"""Intake over HTTP while its key server is away: nothing protected is shown or taken, and nothing lies in the clear."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from deploy.demo.leaks import in_mongo, oplog_now
from shared.kernel.clock import system_clock
from shared.kernel.ids import new_id
from tests.support.addresses import Addresses
from tests.support.intake import POSKO, Intake, running_intake
from tests.support.kmip import KeyServer, key_server
from tests.support.platform import until

pytestmark = pytest.mark.integration

CACHE_S = 0.3
NAME, NIK, COMPANY = "Kenari Tertahan", "5302994107908811", "PT Kenari"
WORDS = {NAME: "the name", NIK: "the number", COMPANY: "the company"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyServer]:
    """A key server."""
    with key_server(tmp_path_factory.mktemp("kmip")) as running:
        yield running


@pytest.fixture
async def intake(server: KeyServer, stack: Addresses, unique: str) -> AsyncIterator[Intake]:
    """Intake whose data keys the key server wraps."""
    given: dict[str, Any] = {
        "master_key_provider": "kmip",
        "kmip_endpoint": server.endpoint,
        "kmip_key_id": server.new_master_key(),
        "kmip_ca_file": server.ca_file,
        "kmip_client_file": server.client_file,
        "key_cache_s": CACHE_S,
    }
    async with running_intake(stack, unique, **given) as running:
        yield running


def stop() -> dict[str, Any]:
    """A stop of one person, with words for the vault."""
    return {
        "occurred_at": system_clock().isoformat(),
        "checkpoint": "KOE",
        "destination": "61.71",
        "legal_basis": "PERMENAKER_18_2024",
        "company_claimed": COMPANY,
        "people": [{"kabupaten": "53.02", "identity": {"full_name": NAME, "nik": NIK}}],
    }


def talk() -> dict[str, Any]:
    """A screening with what was said."""
    now = system_clock().isoformat()
    return {"occurred_at": now, "private": True, "confirmed": True, "indicators": ["RECRUIT"], "note": NAME}


async def stored(intake: Intake) -> dict[str, int]:
    """How many of everything that a request of these could leave, but for the audit's own entries."""
    names = ("interdictions", "subjects", "vault", "screenings", "timeline", "outbox")
    return {name: len(await intake.rows(name)) for name in names}


async def test_without_the_key_server_nothing_protected_is_shown_or_taken_and_afterwards_all_goes_on(
    server: KeyServer, intake: Intake, stack: Addresses
) -> None:
    since = oplog_now(stack.mongo_uri)
    done = await intake.post(POSKO, "/v1/interdictions", stop())
    path, person = f"/v1/interdictions/{done['ref']}", f"/v1/subjects/{done['people'][0]['subject_ref']}"
    asked = [("GET", f"{person}/identity", None), ("GET", f"{path}/details", None)]
    typed = [("POST", "/v1/interdictions", stop()), ("POST", f"{person}/screenings", talk())]
    keys = [new_id() for _ in typed]
    shown = [await intake.read(POSKO, each) for _, each, _ in asked]
    assert (shown[0]["full_name"], shown[1]["company_claimed"]) == (NAME, COMPANY)
    before = await stored(intake)

    server.stop()
    try:
        await asyncio.sleep(CACHE_S * 2)
        for (method, where, body), key in zip([*asked, *typed], [new_id(), new_id(), *keys], strict=True):
            answer = await intake.call(POSKO, method, where, body, Idempotency_Key=key)
            assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE"), where
            assert answer.headers["retry-after"]
            assert not [word for word in WORDS if word in answer.text]
        assert await stored(intake) == before
        ready = await intake.http.get("/health/ready")
        assert (ready.status_code, ready.json()["parts"]) == (
            503,
            {"database": "OK", "vault": "AutoReconnect", "keys": "OK"},
        )
        assert (await intake.read(POSKO, path))["people_count"] == 1, "what is not sealed is there all the while"
    finally:
        server.start()

    async def back() -> bool:
        return (await intake.http.get("/health/ready")).status_code == 200

    await until(back)
    assert [await intake.read(POSKO, each) for _, each, _ in asked] == shown
    for (_, where, body), key in zip(typed, keys, strict=True):
        await intake.post(POSKO, where, body, Idempotency_Key=key)
    after = await stored(intake)
    assert (after["interdictions"], after["subjects"], after["screenings"]) == (2, 2, 1), "each of them once"
    assert all(after[name] > before[name] for name in after), "each of them would have shown it"
    assert in_mongo(stack.mongo_uri, (), since, WORDS).clean
    assert not in_mongo(stack.mongo_uri, (), since, {done["ref"]: "a reference"}).clean, "what is there is found"
