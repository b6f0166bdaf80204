"""How the operator's commands change a service: through its own rules, in its own transaction, with an audit row."""

import asyncio
from collections.abc import Sequence
from typing import Any

from deploy.errors import OperatorError
from deploy.services import ServiceName


def act(service: ServiceName, action: str, commands: Sequence[Any]) -> list[Any]:
    """Submit these commands to the service's bus; answers the aggregates. An outage is one clear line."""
    from shared.kernel.command import Unavailable

    try:
        return asyncio.run(_act(service, action, commands))
    except Unavailable as error:
        raise OperatorError(f"{service}: nothing can be changed now ({error.code})") from error


async def _act(service: ServiceName, action: str, commands: Sequence[Any]) -> list[Any]:
    from importlib import import_module

    from shared.service.runtime import open_runtime

    settings = import_module(f"services.{service}.settings").Settings()
    definition = import_module(f"services.{service}.app").service(settings)
    async with open_runtime(definition, settings) as runtime:
        stop = asyncio.Event()
        lane = asyncio.create_task(runtime.bus.run(stop))
        try:
            return await _submit(runtime.bus, action, commands)
        finally:
            stop.set()
            await lane


async def _submit(bus: Any, action: str, commands: Sequence[Any]) -> list[Any]:
    """Together: what waits at the same moment shares one transaction."""
    from shared.kernel.command import Command
    from shared.kernel.context import Cause
    from shared.kernel.ids import new_id

    run = new_id()
    causes = [Cause(action, f"{run}-{number}", run, channel="operator") for number, _ in enumerate(commands)]
    submitted = [bus.submit(Command(body, cause)) for body, cause in zip(commands, causes, strict=True)]
    return [receipt.aggregate for receipt in await asyncio.gather(*submitted)]
