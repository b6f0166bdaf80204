"""How the operator's commands change a service: through its own rules, in its own transaction, with an audit row."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deploy.errors import Misuse, OperatorError
from deploy.services import ServiceName, settings_of

if TYPE_CHECKING:
    from shared.kernel.errors import Reject


def act(service: ServiceName, action: str, commands: Sequence[Any]) -> list[Any]:
    """Submit these commands to the service's bus; answers the aggregates. An outage or a refusal is one clear line."""
    from shared.kernel.command import Unavailable
    from shared.kernel.errors import Reject

    try:
        return asyncio.run(_act(service, action, commands))
    except Unavailable as error:
        raise OperatorError(f"{service}: nothing can be changed now ({error.code})") from error
    except Reject as no:
        raise refused(service, no) from no


def refused(service: ServiceName, no: "Reject") -> OperatorError:
    """The refusal as the operator sees it: what can never be right is misuse."""
    from shared.kernel.errors import Kind

    return (Misuse if no.kind is Kind.INVALID else OperatorError)(f"{service}: {no.code}")


async def _act(service: ServiceName, action: str, commands: Sequence[Any]) -> list[Any]:
    from importlib import import_module

    from shared.service.runtime import open_runtime

    settings = settings_of(service)
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
