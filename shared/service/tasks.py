"""What a process runs: a task takes the event that ends it. And how readiness asks a part how it is."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from shared.http.ports import Check

Task = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class NotWell(Exception):
    """A part says what is wrong with it; the code is shown by readiness."""


def well(check: Callable[[], str | None]) -> Check:
    """A check of a part that answers what is wrong with it, or None."""

    async def ask() -> None:
        wrong = check()
        if wrong:
            raise NotWell(wrong)

    return ask


def stoppable(part: Any) -> Task:
    """A part with `run()` and `stop()`."""

    async def run(stop: asyncio.Event) -> None:
        running = asyncio.create_task(part.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        part.stop()
        await running

    return run
