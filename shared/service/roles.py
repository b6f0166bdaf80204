"""What the processes do: one set of tasks per role, started together, ended together."""

import asyncio
import contextlib
import math
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import structlog

from shared.http.ports import Check
from shared.mongo.clock_lane import ClockLane
from shared.mongo.releasing import wait
from shared.mongo.sampling import sample
from shared.service.auditing import is_behind_its_copies, sequencer
from shared.service.definition import Role
from shared.service.http_role import http
from shared.service.keykeeping import KeyKeeper
from shared.service.relay_role import relay
from shared.service.runtime import Runtime
from shared.service.tasks import Task
from shared.service.worker_role import worker

log = structlog.get_logger(__name__)

SAMPLE_S = 5.0


class Process:
    """One process of one role. `run` answers its exit code: 0 where it was asked to stop and did, 1 where a task died
    or would not end in time."""

    def __init__(self, runtime: Runtime, role: Role) -> None:
        self._runtime = runtime
        self._role = role
        self._stop = asyncio.Event()
        """Everything that takes work in ends first …"""
        self._drained = asyncio.Event()
        """… then what others hand their work to."""
        self.ends_at = math.inf
        """On the loop's clock, once it ends: until when its connections have to be closed."""
        self.port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def stop(self) -> None:
        """Ask the process to end in order."""
        self._stop.set()

    async def run(self) -> int:
        """Until stopped, or until a task dies: a process with a dead task would look alive and do nothing.

        Nothing begins on a restored back-up that nobody recorded: what came after it is lost, and numbers of cases
        that were given by then would be given again.
        """
        if self._role.plays(Role.CLOCK) and await is_behind_its_copies(self._runtime):
            log.error("restore_not_recorded", service=self._runtime.name)
            return 1
        with _signals(self.stop):
            intake = {asyncio.create_task(task(self._stop), name=name) for name, task in self._tasks().items()}
            lane = asyncio.create_task(self._runtime.bus.run(self._drained), name="commands")
            tasks = {*intake, lane}
            stopping = asyncio.create_task(self._stop.wait(), name="stop")
            await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            # A quick task may already have ended because it was asked to: that is no death.
            early = set() if self._stop.is_set() else {task for task in tasks if task.done()}
            await self._end(intake, lane)
            hung = {task for task in tasks if not task.done()}
            return self._ended(early | {task for task in tasks - hung if _failed(task)}, hung)

    async def _end(self, intake: set[asyncio.Task[None]], lane: asyncio.Task[None]) -> None:
        """All within one budget, of which a part is kept for the commands, and one for closing."""
        budgets, loop = self._runtime.budgets, asyncio.get_running_loop()
        self.ends_at = loop.time() + budgets.stop_s
        self._stop.set()
        await asyncio.wait(intake, timeout=budgets.drain_s + budgets.leave_s)
        self._drained.set()
        await asyncio.wait({lane}, timeout=self.ends_at - budgets.close_s - loop.time())

    def _ended(self, died: set[asyncio.Task[None]], hung: set[asyncio.Task[None]]) -> int:
        for task in died:
            error = task.exception() if not task.cancelled() else None
            log.error("task_died", task=task.get_name(), error=type(error).__name__ if error else None)
        for task in hung:
            log.error("task_hung", task=task.get_name())
            task.cancel()
        log.info("stopped", service=self._runtime.name, role=self._role.value)
        return 1 if died or hung else 0

    def _tasks(self) -> dict[str, Task]:
        runtime, role = self._runtime, self._role
        tasks: dict[str, Task] = {}
        checks: dict[str, Check] = {"database": runtime.mongo.check, "vault": runtime.crypto.check}
        if role.plays(Role.WORKER):
            tasks |= worker(runtime, checks)
        if role.plays(Role.RELAY):
            tasks |= relay(runtime, checks)
        if role.plays(Role.CLOCK):
            clock = ClockLane(runtime.name, runtime.uow, runtime.service.rules, runtime.leases)
            tasks |= {"clock": clock.run, "keys": KeyKeeper(runtime).run, "audit": sequencer(runtime).run}
        for owner, background in runtime.service.background.items():
            if role.plays(owner):
                tasks |= {task.__name__: partial(task, runtime) for task in background}
        tasks["samples"] = self._sample
        return tasks | http(runtime, role, checks, self.port)

    async def _sample(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await sample(self._runtime.mongo, self._runtime.metrics, self._runtime.clock)
            await wait(stop, SAMPLE_S)


def _failed(task: asyncio.Task[None]) -> bool:
    return task.cancelled() or task.exception() is not None


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(RuntimeError, ValueError):  # not in the main thread: somebody else's loop
            loop.add_signal_handler(number, stop)
    yield


@contextlib.asynccontextmanager
async def running(runtime: Runtime, role: Role = Role.ALL) -> AsyncIterator[Process]:
    """A process's tasks within somebody else's loop, for tests: started on entry, stopped in order on exit."""
    process = Process(runtime, role)
    task = asyncio.create_task(process.run())
    try:
        done, _ = await asyncio.wait({task, process.port}, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        if task in done:
            raise RuntimeError(f"ended at once with {task.result()}")
        yield process
    finally:
        process.stop()
        await task
