"""A stolen telephone: the data protection officer shuts its owner out, and the token in it is worth nothing."""

from functools import partial
from time import monotonic
from typing import Any

from deploy.demo.clock import at
from deploy.demo.desk import Desk, until
from deploy.demo.stage import Stage
from deploy.local.plan import SERVICES

OFFICER, OWNER = "O-80", "O-51"
WITHIN_S = 5.0
OK, FORBIDDEN = 200, 403
LOOK = {"cases": "/v1/cases", "intake": "/v1/interdictions", "notify": "/v1/inbox"}


async def play(stage: Stage) -> None:
    """Before, the moment, five seconds later everywhere, and in again."""
    stage.clock.turn_to(at(13, 30, day=15))
    narrator, checks = stage.narrator, stage.checks
    narrator.chapter(at(13, 30, day=15), "Ponsel dicuri", "A stolen phone")
    owner, officer = stage.desks[OWNER], stage.desks[OFFICER]
    checks.equal("the stolen token opened every service", await _answers(owner), dict.fromkeys(SERVICES, OK))
    began = monotonic()
    moved = await _move(officer, move="SUSPEND", reason="DEVICE_LOST")
    narrator.did(OFFICER, f"shuts {OWNER} out: {moved['suspended_for']['code']} ({moved['suspended_for']['label']})")
    for service in SERVICES:
        await until(f"{service} refuses {OWNER}", partial(_refuses, owner, service))
    took = monotonic() - began
    narrator.refused(OWNER, f"the same token, still valid for minutes, is refused everywhere after {took:.1f} s")
    checks.true("a stolen account is shut out everywhere within five seconds", took <= WITHIN_S)
    await _move(officer, move="REINSTATE")
    narrator.did(OFFICER, f"lets {OWNER} in again, who has a new phone")
    for service in SERVICES:
        await until(f"{service} lets {OWNER} in", partial(_lets_in, owner, service))
    checks.equal("and is in again afterwards", await _answers(owner), dict.fromkeys(SERVICES, OK))


async def _move(officer: Desk, **body: str) -> Any:
    return await officer.write("cases", f"/v1/staff/{OWNER}/moves", body)


async def _answers(desk: Desk) -> dict[str, int]:
    return {service: await _status(desk, service) for service in SERVICES}


async def _status(desk: Desk, service: str) -> int:
    return (await desk.ask(service, "GET", LOOK[service])).status_code


async def _refuses(desk: Desk, service: str) -> bool:
    return await _status(desk, service) == FORBIDDEN


async def _lets_in(desk: Desk, service: str) -> bool:
    return await _status(desk, service) == OK
