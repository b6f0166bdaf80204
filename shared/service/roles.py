"""What the processes do: one set of tasks per role, started together, ended together."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import structlog
import uvicorn

from shared.events.staff_v1 import DirectoryPulsed
from shared.http.app import make_app, make_backing
from shared.http.limiting import Limiter
from shared.http.ports import Check
from shared.http.server import server_config
from shared.messaging.consumer import Consumer
from shared.messaging.pulse import Pulse
from shared.messaging.relay import Relay, RelaySettings
from shared.messaging.settings import ConsumerSettings
from shared.mongo.clock_lane import ClockLane
from shared.mongo.freshness import Freshness
from shared.mongo.rates import MongoRates
from shared.mongo.releasing import Releaser, wait
from shared.mongo.sampling import sample
from shared.mongo.transaction import not_now
from shared.security.keyset import KeySource, fetch_from
from shared.security.staff import StaffDirectory
from shared.security.tokens import TokenVerifier
from shared.service.auditing import sequencer
from shared.service.definition import Role
from shared.service.keykeeping import KeyKeeper
from shared.service.purging import Purger
from shared.service.runtime import Runtime

log = structlog.get_logger(__name__)

GRACE_S = 8.0
SAMPLE_S = 5.0

Task = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class NotWell(Exception):
    """A part says what is wrong with it; the code is shown by readiness."""


class Process:
    """One process of one role. `run` answers its exit code: 0 when asked to stop, 1 when a task died."""

    def __init__(self, runtime: Runtime, role: Role) -> None:
        self._runtime = runtime
        self._role = role
        self._stop = asyncio.Event()
        """Everything that takes work in ends first …"""
        self._drained = asyncio.Event()
        """… then what others hand their work to."""
        self.port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def stop(self) -> None:
        """Ask the process to end in order."""
        self._stop.set()

    async def run(self) -> int:
        """Until stopped, or until a task dies: a process with a dead task would look alive and do nothing."""
        with _signals(self.stop):
            intake = {name: asyncio.create_task(task(self._stop), name=name) for name, task in self._tasks().items()}
            lane = asyncio.create_task(self._runtime.bus.run(self._drained), name="commands")
            stopping = asyncio.create_task(self._stop.wait(), name="stop")
            await asyncio.wait({stopping, lane, *intake.values()}, return_when=asyncio.FIRST_COMPLETED)
            done = [task for task in (lane, *intake.values()) if task.done()]
            # A quick task may already have ended because it was asked to: that is no death.
            died = [task for task in done if not self._stop.is_set() or task.cancelled() or task.exception()]
            self._stop.set()
            await asyncio.wait(intake.values(), timeout=GRACE_S)
            self._drained.set()
            await asyncio.wait({lane}, timeout=GRACE_S)
            return self._ended(died)

    def _ended(self, died: list[asyncio.Task[None]]) -> int:
        for task in died:
            error = task.exception() if not task.cancelled() else None
            log.error("task_died", task=task.get_name(), error=type(error).__name__ if error else None)
        log.info("stopped", service=self._runtime.name, role=self._role.value)
        return 1 if died else 0

    def _tasks(self) -> dict[str, Task]:
        runtime, role = self._runtime, self._role
        tasks: dict[str, Task] = {}
        checks: dict[str, Check] = {"database": runtime.mongo.check, "vault": runtime.crypto.check}
        if role.plays(Role.WORKER):
            tasks |= self._worker(checks)
        if role.plays(Role.RELAY):
            tasks |= self._relay(checks)
        if role.plays(Role.CLOCK):
            clock = ClockLane(runtime.name, runtime.uow, runtime.service.rules, runtime.leases)
            tasks |= {"clock": clock.run, "keys": KeyKeeper(runtime).run, "audit": sequencer(runtime).run}
        for owner, background in runtime.service.background.items():
            if role.plays(owner):
                tasks |= {task.__name__: _bound(task, runtime) for task in background}
        tasks["samples"] = self._sample
        return tasks | self._http(checks)

    def _worker(self, checks: dict[str, Check]) -> dict[str, Task]:
        runtime, settings = self._runtime, self._runtime.settings
        topics = runtime.registry.consumed_by(runtime.name)
        if not topics:
            return {}
        consumer = Consumer(
            runtime.kafka,
            ConsumerSettings(
                group=runtime.name,
                topics=tuple(topics),
                budgets=runtime.budgets,
                max_records=settings.consumer_batch,
                session_timeout_s=settings.consumer_session_timeout_s,
            ),
            lane=runtime.lane,
            decode=runtime.decode,
            metrics=runtime.metrics,
            waiting=lambda: runtime.lane.waiting,
            probe=runtime.probe,
            clock=runtime.clock,
        )
        kinds = frozenset(kind.collection for kind in runtime.service.kinds)
        checks["consumer"] = _well(consumer.check)
        releaser = Releaser(runtime.lane, runtime.decode, kinds)
        return {"consumer": _stoppable(consumer), "releaser": releaser.run, "purger": Purger(runtime).run}

    def _relay(self, checks: dict[str, Check]) -> dict[str, Task]:
        runtime = self._runtime
        relay = Relay(
            runtime.kafka,
            RelaySettings(name=runtime.name, shards=tuple(range(runtime.settings.outbox_shards))),
            outbox=runtime.outbox,
            leases=runtime.leases,
            metrics=runtime.metrics,
            probe=runtime.probe,
        )
        checks["relay"] = _well(relay.check)
        return {"relay": _stoppable(relay), **_pulse(runtime)}

    def _http(self, checks: dict[str, Check]) -> dict[str, Task]:
        """Every role answers health and metrics; only the api role has routes."""
        runtime, settings = self._runtime, self._runtime.settings
        secret = settings.secret.get_secret_value().encode()
        service = runtime.service
        keys = KeySource(fetch_from(settings.jwks_url), max_age_s=settings.jwks_max_age_s)
        backing = make_backing(
            service=runtime.name,
            secret=secret,
            positions_secret=settings.positions_secret.get_secret_value().encode(),
            bus=runtime.bus,
            reader=runtime.reader,
            audit=runtime.audit,
            verifier=TokenVerifier(
                keys, settings.issuer, settings.audience, settings.people_clients, runtime.registry.partners()
            ),
            directory=StaffDirectory(runtime.reader),
            policies=service.policies,
            clock=runtime.clock,
            limiter=Limiter(runtime.metrics, MongoRates(runtime.mongo)),
            parts=runtime.parts,
            positions=InboxPositions(runtime),
            fresh=directory_freshness(runtime),
            titles=service.titles,
            unavailable=not_now,
        )
        routes = service.routes if self._role.plays(Role.API) else ()
        if routes:
            checks["keys"] = keys.check
        app = make_app(
            service=runtime.name,
            routes=routes,
            backing=backing,
            checks=checks,
            metrics=runtime.metrics,
            local=settings.local,
        )
        return {"http": self._serve(_Server(server_config(app, settings.http_host, settings.http_port)))}

    def _serve(self, server: "_Server") -> Task:
        async def serve(stop: asyncio.Event) -> None:
            serving = asyncio.create_task(server.serve())
            announcing = asyncio.create_task(self._announce(server))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            announcing.cancel()
            stopping.cancel()
            server.should_exit = True
            await serving

        return serve

    async def _announce(self, server: "_Server") -> None:
        while not server.started:  # noqa: ASYNC110 - uvicorn says it by a flag alone
            await asyncio.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        self.port.set_result(port)
        log.info("started", service=self._runtime.name, role=self._role.value, port=port)

    async def _sample(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await sample(self._runtime.mongo, self._runtime.metrics, self._runtime.clock)
            await wait(stop, SAMPLE_S)


def _pulse(runtime: Runtime) -> dict[str, Task]:
    """The service that owns the staff directory says how fresh its topic is."""
    topics = [t for t in runtime.registry.topics.values() if t.pulse and runtime.name in t.producers]
    if not topics:
        return {}
    return {"pulse": _stoppable(Pulse(runtime.kafka, runtime.name, topics, DirectoryPulsed, runtime.outbox))}


def directory_freshness(runtime: Runtime) -> Check | None:
    """Whether the projected staff directory is recent; None for its owner, whose own is always."""
    max_age_s = runtime.settings.directory_max_age_s
    for name in runtime.registry.consumed_by(runtime.name):
        topic = runtime.registry.topics[name]
        if topic.pulse and max_age_s is not None:
            return Freshness(runtime.mongo, runtime.name, topic, max_age_s).check
    return None


class InboxPositions:
    """`?wait_for=`: waits until this service has applied another's event."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def wait(self, position: str, timeout_s: float) -> bool:
        """Whether the inbox has the event in time; a position of a topic that we don't consume never comes."""
        event_id = position.rpartition("|")[2]
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while not await self._runtime.reader.has_applied(self._runtime.name, event_id):
            if loop.time() > until:
                return False
            await asyncio.sleep(0.05)
        return True


class _Server(uvicorn.Server):
    """Leaves the signals to the process, which ends all its tasks in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _well(check: Callable[[], str | None]) -> Check:
    async def ask() -> None:
        wrong = check()
        if wrong:
            raise NotWell(wrong)

    return ask


def _stoppable(part: Any) -> Task:
    """A part with `run()` and `stop()`."""

    async def run(stop: asyncio.Event) -> None:
        running = asyncio.create_task(part.run())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        part.stop()
        await running

    return run


def _bound(background: Any, runtime: Runtime) -> Task:
    async def run(stop: asyncio.Event) -> None:
        await background(runtime, stop)

    return run


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
