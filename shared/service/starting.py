"""From a service's name and a role to a process that runs."""

import asyncio
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module

import structlog
import uvloop

from shared.observability.logging import configure_logging
from shared.service.connections import SettingsRefused, read_settings
from shared.service.definition import Role
from shared.service.roles import Process
from shared.service.runtime import Runtime, open_runtime

log = structlog.get_logger(__name__)

MISUSE = 2


def start(package: str, argv: Sequence[str]) -> None:
    """Run one role until it is told to stop; never returns.

    The interpreter's own ending would join the driver's threads, and one of them may sit in a socket that answers
    only after its time-out; by then everything is saved and the group is left, so the process just goes.
    """
    if len(argv) != 1 or argv[0] not in list(Role):
        print(f"one of: {' '.join(Role)}", file=sys.stderr)
        sys.exit(MISUSE)
    try:
        settings = read_settings(import_module(f"{package}.settings").Settings)
    except SettingsRefused as error:
        print(error, file=sys.stderr)
        sys.exit(MISUSE)
    service = import_module(f"{package}.app").service(settings)
    configure_logging()
    spare_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(live(open_runtime(service, settings), Role(argv[0])))
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


async def live(opening: AbstractAsyncContextManager[Runtime], role: Role) -> int:
    """Open, run, close; answers the exit code. From the request to stop on, all of it has one budget: a process that
    hangs says what hung, and goes before it is killed."""
    runtime = await opening.__aenter__()
    process = Process(runtime, role)
    code = await process.run()
    try:
        async with asyncio.timeout_at(process.ends_at):
            await opening.__aexit__(None, None, None)
    except TimeoutError:
        log.error("task_hung", task="closing")
        return 1
    return code
