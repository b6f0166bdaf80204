"""Before anything happens: the offices' staff and addresses are known everywhere."""

import asyncio
from functools import partial

from deploy.demo.cast import OFFICERS
from deploy.demo.clock import at
from deploy.demo.desk import Desk, until
from deploy.demo.stage import Stage
from deploy.local.plan import SERVICES

INBOX = {"notify": "/v1/inbox", "cases": "/v1/tasks", "intake": "/v1/interdictions"}
UNKNOWN = 403


async def play(stage: Stage) -> None:
    """Wait until the staff directory has reached each service that keeps a copy of it."""
    narrator = stage.narrator
    narrator.chapter(at(4, 30), "Sebelum mulai", "Before it begins")
    narrator.did("operator", f"loads the staff directory ({len(OFFICERS)} members) and the offices' addresses")
    await asyncio.gather(*(_introduced(desk) for desk in stage.desks.values()))
    narrator.told("every service knows them: references, offices and roles, no names")


async def _introduced(desk: Desk) -> None:
    for service in SERVICES:
        await until(f"{service} knows {desk.person}", partial(_known, desk, service))


async def _known(desk: Desk, service: str) -> bool:
    answer = await desk.ask(service, "GET", INBOX[service])
    return answer.status_code != UNKNOWN or answer.json()["code"] != "STAFF_UNKNOWN"
