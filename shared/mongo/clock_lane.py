"""Firing timers: each in a unit of work of its own, guarded by its version, so that firing twice is harmless."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from pydantic import ValidationError
from pymongo.errors import PyMongoError

from shared.kernel.aggregate import Need, Ref
from shared.kernel.context import Cause
from shared.kernel.errors import Reject
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import Timer, TimerStatus
from shared.mongo.bugs import signature
from shared.mongo.client import Document
from shared.mongo.desk import Desk
from shared.mongo.documents import to_aggregate
from shared.mongo.leases import MongoLeases
from shared.mongo.releasing import wait
from shared.mongo.transaction import Transaction, Transient
from shared.mongo.unit_of_work import Batch, UnitOfWork
from shared.observability.joining import on_behalf_of
from shared.observability.tracing import new_trace

log = structlog.get_logger(__name__)

MAX_SKEW_S = 60.0
SWEEP_S = 1.0
AT_ONCE = 200
REST_S = 60.0
"""How long a timer whose rule failed is left alone."""


@dataclass
class Firing(Batch):
    """One timer's unit of work."""

    timer: Timer
    rules: Rulebook

    def __post_init__(self) -> None:
        timer, trace = self.timer, str(new_trace())
        self.cause = Cause(f"TIMER_{timer.kind}", timer.event_id, timer.event_id, trace, channel="timer")
        """What it brings about begins here, in a trace of its own."""

    async def claim(self, tx: Transaction) -> Iterable[Need]:
        """The timer as it is now, and what its rule needs."""
        return [Timer.ref(self.timer.id), *self.rules.timers[self.timer.kind].needs(self.timer)]

    async def decide(self, desk: Desk) -> None:
        """Let the rule act if the timer still runs as it was read; without a word of the rule it has fired."""
        current = desk.overlay.current(Ref(Timer, self.timer.id))
        if not isinstance(current, Timer) or current.version != self.timer.version or self.forced:
            return
        cause = self.cause
        await desk.ask(self.rules.timers[current.kind], current, cause)
        if (Timer, current.id) not in desk.overlay.dirty:
            desk.overlay.set(current.evolve(status=TimerStatus.FIRED, version=current.version + 1, updated_at=desk.now))
        changed = [a for a in desk.overlay.dirty if a[0] is not Timer]
        if changed:
            about = [now for kind, id_ in changed for now in desk.loaded(Ref(kind, id_))]
            desk.audit(cause, target=(changed[0][0].__name__, changed[0][1]), about=about)


@dataclass
class ClockLane:
    """The clock role: finds what is due, in order, and fires it. A late start catches up."""

    service: str
    uow: UnitOfWork
    rules: Rulebook
    leases: MongoLeases
    _resting: dict[str, float] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep each second while holding the lease; the lease only saves work."""
        while not stop.is_set():
            if await self.leases.hold(self._lease) is not None:
                try:
                    await self.sweep()
                except (Transient, PyMongoError) as error:
                    log.warning("timers_postponed", error=type(error).__name__)
            await wait(stop, SWEEP_S)
        await self.leases.release(self._lease)

    @property
    def _lease(self) -> str:
        return f"clock|{self.service}"

    async def sweep(self) -> int:
        """Fire what is due now; answers how many were tried. While the clocks disagree, another process may try."""
        if abs(await self.skew_s()) > MAX_SKEW_S:
            log.error("clocks_disagree", limit_s=MAX_SKEW_S)
            await self.leases.release(self._lease)
            return 0
        due = await self._due()
        for timer in due:
            await self._fire(timer)
        return len(due)

    async def skew_s(self) -> float:
        """The database's time less the system's own, in seconds; the domain's clock has no part in it."""
        hello = await self.uow.mongo.native.admin.command("hello")
        server: datetime = hello["localTime"]
        return (server.astimezone(UTC) - datetime.now(UTC)).total_seconds()

    async def _due(self) -> list[Timer]:
        rested = time.monotonic()
        self._resting = {id_: until for id_, until in self._resting.items() if until > rested}
        query = {"status": TimerStatus.RUNNING.value, "due_at": {"$lte": self.uow.clock()}}
        if self._resting:
            query["_id"] = {"$nin": list(self._resting)}
        cursor = self.uow.mongo.collection(Timer.collection).find(query).sort([("due_at", 1)])
        read = [self._read(document) for document in await cursor.limit(AT_ONCE).to_list(None)]
        return [timer for timer in read if timer is not None]

    def _read(self, document: Document) -> Timer | None:
        """A document that is no timer (any more) rests; the other deadlines go on."""
        try:
            return to_aggregate(Timer, document)
        except ValidationError:
            self._resting[document["_id"]] = time.monotonic() + REST_S
            log.error("timer_unreadable", timer=document["_id"])
            return None

    async def _fire(self, timer: Timer) -> None:
        """One failing timer stops no other."""
        firing = Firing(timer, self.rules)
        with on_behalf_of(firing.cause):
            await self._insist(firing)

    async def _insist(self, firing: Firing) -> None:
        timer = firing.timer
        try:
            await self.uow.run(firing)
        except Transient:
            raise
        except Reject as reject:
            self._rest(timer, reject.code)
        except Exception as error:  # noqa: BLE001 - a bug in one rule must not hold back the other deadlines
            self._rest(timer, "BUG", signature(error))
        else:
            if firing.forced:
                return self._rest(timer, firing.forced.code)
            late_s = (self.uow.clock() - timer.due_at).total_seconds()
            self.uow.metrics.timer_lateness.labels(timer.kind).observe(late_s)
            log.info("timer_fired", kind=timer.kind, late_s=round(late_s, 1))
        return None

    def _rest(self, timer: Timer, reason: str, bug: str | None = None) -> None:
        """It stays as it is, and is tried again after a while."""
        self._resting[timer.id] = time.monotonic() + REST_S
        self.uow.metrics.timers_failed.labels(timer.kind, reason).inc()
        log.error("timer_failed", kind=timer.kind, reason=reason, bug=bug)
