"""What intake's tasks of the clock role have in common: one at a time, again and again, acting through commands."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from shared.kernel.command import Command, Unavailable
from shared.kernel.context import Cause
from shared.kernel.ids import new_id
from shared.mongo.releasing import wait
from shared.mongo.transaction import not_now
from shared.service.runtime import Runtime

log = structlog.get_logger(__name__)


async def resting(
    runtime: Runtime, stop: asyncio.Event, name: str, *, every_s: float, sweep: Callable[[Runtime], Awaitable[object]]
) -> None:
    """Sweep while holding the lease, which only saves work; what the database cannot do now waits for the next."""
    lease = f"{name}|{runtime.name}"
    while not stop.is_set():
        if await runtime.leases.hold(lease) is not None:
            try:
                await sweep(runtime)
            except Exception as error:
                if not_now(error) is None and not isinstance(error, Unavailable):
                    raise
                log.warning("sweep_postponed", sweep=name, error=type(error).__name__)
        await wait(stop, every_s)
    await runtime.leases.release(lease)


async def submit(runtime: Runtime, action: str, body: Any) -> Any:
    """Let a command decide, as the clock's act, with its audit row; answers the aggregate."""
    id_ = new_id()
    receipt = await runtime.bus.submit(Command(body, Cause(action, id_, id_, channel="timer")))
    return receipt.aggregate
