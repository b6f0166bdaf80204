"""A database that takes connections and answers nothing: every route says so within three seconds."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from shared.kernel.clock import system_clock
from tests.support.addresses import Addresses
from tests.support.intake import POSKO, Intake, running_intake
from tests.support.platform import until
from tests.support.stalling import Stalling, stalling

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

BUDGET_S = 3.0


@dataclass
class Asked:
    """Intake, and the way to its database."""

    intake: Intake
    way: Stalling

    async def asked(self, method: str, path: str, body: object = None) -> tuple[httpx.Response, float]:
        """The answer to one request, and how long it took."""
        began = time.monotonic()
        answer = await self.intake.call(POSKO, method, path, body)
        return answer, time.monotonic() - began


@pytest.fixture
async def asked(stack: Addresses, unique: str) -> AsyncIterator[Asked]:
    async with stalling(stack.mongo_uri) as way, running_intake(stack, unique, mongo_uri=way.uri) as intake:
        yield Asked(intake, way)
        way.flow()


def stop() -> dict[str, object]:
    body = {"checkpoint": "KOE", "destination": "MY", "legal_basis": "UU18_2017_ART40"}
    return {"occurred_at": system_clock().isoformat(), "people": [{"kabupaten": "53.02"}], **body}


async def test_reads_and_commands_are_503_in_time_and_go_on_when_it_does(asked: Asked) -> None:
    made, _ = await asked.asked("POST", "/v1/interdictions", stop())
    one = made.headers["location"]
    asked.way.stall()
    for method, path, body in (
        ("GET", one, None),
        ("GET", "/v1/interdictions", None),
        ("POST", "/v1/interdictions", stop()),
        ("GET", one, None),
    ):
        answer, took_s = await asked.asked(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE"), (method, path)
        assert answer.headers["retry-after"]
        assert took_s < BUDGET_S, (method, path)
    health = await asked.intake.http.get("/health/live")
    assert health.status_code == 200
    asked.way.flow()

    async def again() -> bool:
        return (await asked.asked("GET", one))[0].status_code == 200

    await until(again)


async def test_a_command_that_it_catches_in_the_middle_is_answered_by_its_deadline(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = asked.intake.running.runtime.bus
    monkeypatch.setattr(bus, "deadline_s", 2.0)
    handed_in = bus.submit

    async def submit(command: object) -> object:
        asked.way.stall()
        return await handed_in(command)  # type: ignore[arg-type]

    monkeypatch.setattr(bus, "submit", submit)
    answer, took_s = await asked.asked("POST", "/v1/interdictions", stop())
    assert (answer.status_code, answer.json()["code"]) == (503, "OUTCOME_UNKNOWN")
    assert took_s < BUDGET_S
