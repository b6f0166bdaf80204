"""From a service's name and a role to a process that runs."""

import asyncio
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import uvloop

from shared.observability.logging import configure_logging
from shared.service.definition import Role, Service
from shared.service.roles import Process
from shared.service.runtime import open_runtime
from shared.service.settings import ServiceSettings

MISUSE = 2


def start(package: str, argv: Sequence[str]) -> None:
    """Run one role until it is told to stop; never returns.

    The interpreter's own ending would join the driver's threads, and one of them may sit in a socket that answers
    only after its time-out; by then everything is saved and the group is left, so the process just goes.
    """
    if len(argv) != 1 or argv[0] not in list(Role):
        print(f"one of: {' '.join(Role)}", file=sys.stderr)
        sys.exit(MISUSE)
    settings = import_module(f"{package}.settings").Settings()
    service = import_module(f"{package}.app").service(settings)
    configure_logging()
    spare_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_run(service, settings, Role(argv[0])))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def spare_collector() -> None:
    """Keep the garbage collector from walking the whole program again and again.

    A batch makes tens of thousands of short-lived objects, none of them in a cycle; with the default thresholds
    (700, 10, 10) that is dozens of full collections a second over everything that was imported, a fifth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


async def _run(service: Service, settings: ServiceSettings, role: Role) -> int:
    async with open_runtime(service, settings) as runtime:
        return await Process(runtime, role).run()
