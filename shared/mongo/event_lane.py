"""The lane: one consumer's events, a batch at a time, each batch one transaction with its progress."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from shared.events.incoming import Halted, Incoming, Partition
from shared.kernel.aggregate import Need
from shared.kernel.errors import Reject
from shared.mongo.client import Document
from shared.mongo.desk import Desk
from shared.mongo.inbox import Outcome, inbox_id, inbox_row, read_inbox
from shared.mongo.parking import ParkingLot, head_id, waiting_id
from shared.mongo.progress import Progress
from shared.mongo.refusals import Refusals, Sealer
from shared.mongo.transaction import Transaction, Transient, jittered
from shared.mongo.unit_of_work import Batch, UnitOfWork
from shared.mongo.verdicts import CONFLICTING_DUPLICATE, ID_REUSED, TOO_OLD, Judge, about, cause_of

log = structlog.get_logger(__name__)

T = TypeVar("T")

SECRETIVE = frozenset({"LPSK"})
"""Of what these send and we must refuse, not even ciphertext stays: it may hold what only they may know."""

PLATFORM = "PLATFORM"
"""Owner of what was refused on our own topics."""


@dataclass
class EventLane:
    """Implements the consumer's Lane on the unit of work."""

    consumer: str
    uow: UnitOfWork
    judge: Judge
    sealer: Sealer
    waiting: bool = False
    """True while the database cannot: nothing is lost, everything waits."""

    def __post_init__(self) -> None:
        self.progress = Progress(self.uow.mongo, self.consumer)

    async def positions(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The next offset per partition, as saved with the effects; waits while the database cannot say."""
        return await self._insist(lambda _: self.progress.read(partitions))

    async def apply(self, batch: Sequence[Incoming]) -> None:
        """Apply all of it; an outage blocks, and from the second wait on the batch is tried in ever smaller pieces:
        on a slow line it may be too much for one transaction."""
        work = EventBatch(self, list(batch))
        await self._insist(lambda attempt: self._apply(work, halvings=attempt - 1))

    async def _insist(self, act: Callable[[int], Awaitable[T]]) -> T:
        """Try until the database can. Whatever else comes out, the waiting is over."""
        attempt = 0
        try:
            while True:
                try:
                    return await act(attempt)
                except Transient:
                    self.waiting = True
                    await asyncio.sleep(jittered(0.05, attempt, 2.0))
                    attempt += 1
        finally:
            self.waiting = False

    async def _apply(self, work: "EventBatch", halvings: int) -> None:
        halves = work.halves() if halvings > 0 else None
        if halves is None:
            return await self.uow.run(work)
        for half in halves:
            await self._apply(half, halvings - 1)
        return None


@dataclass
class EventBatch(Batch):
    """Some records of some partitions, each partition's in order."""

    lane: EventLane
    incoming: list[Incoming]
    inbox: dict[str, Document] = field(default_factory=dict)
    fresh: list[Incoming] = field(default_factory=list)
    claims: list[Document] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    """What did not go its ordinary way, as log lines: written once it is durable."""

    def __post_init__(self) -> None:
        self.lot = ParkingLot(self.lane.consumer)
        self.refusals = Refusals(self.lane.consumer, self.lane.sealer)
        self.positions: dict[Partition, int] = {}
        self.outcomes: Counter[tuple[str, str]] = Counter()

    async def claim(self, tx: Transaction) -> Iterable[Need]:
        """Read progress, inbox and heads; what was applied already is out."""
        self.fresh = await self._ahead(tx)
        relevant = [i for i in self.fresh if i.concerns]
        ids = [inbox_id(self.lane.consumer, i) for i in relevant if i.event]
        self.inbox = await read_inbox(tx, ids)
        await self.lot.read(tx, [head_id(self.lane.consumer, i.record) for i in relevant if self._ours(i)])
        self.claims, self.told, self.outcomes = [], [], Counter()
        self.refusals.start()
        return [need for i in relevant for need in self._needs(i)]

    async def decide(self, desk: Desk) -> None:
        """Each event in the order of its partition."""
        for incoming in self.fresh:
            if incoming.concerns:
                await self._decide(desk, incoming)

    async def save(self, tx: Transaction) -> None:
        """Inbox, parked rows with their heads, refusals, progress."""
        await tx.insert("inbox", self.claims)
        self.lane.uow.probe("after_inbox")
        await self.lot.save(tx)
        await self.refusals.save(tx)
        pulses = {i.record.partition: i.pulse for i in self.fresh if i.pulse is not None}
        await self.lane.progress.save(tx, self.positions, pulses)

    def committed(self) -> None:
        """The transaction is durable."""
        self.lane.progress.saved(self.positions)
        self.lane.uow.metrics.batch_size.observe(len(self.fresh))
        for (topic, outcome), count in self.outcomes.items():
            self.lane.uow.metrics.events_applied.labels(topic, outcome).inc(count)
        self.refusals.count(self.lane.uow.metrics)
        for line in self.told:
            log.warning(**line)

    def halves(self) -> "tuple[EventBatch, EventBatch] | None":
        """In two, in order."""
        middle = len(self.incoming) // 2
        if not middle:
            return None
        return EventBatch(self.lane, self.incoming[:middle]), EventBatch(self.lane, self.incoming[middle:])

    def refuse(self, reject: Reject) -> None:
        """The one event cannot be saved; where not even its refusal can, its partition stops."""
        if self.forced:
            raise Halted(self.incoming[0].record.partition, reject.code)
        super().refuse(reject)

    async def _ahead(self, tx: Transaction) -> list[Incoming]:
        """What lies ahead of the saved progress; and where progress then stands."""
        progress = self.lane.progress
        await progress.check(tx, {i.record.partition for i in self.incoming})
        fresh = [i for i in self.incoming if i.record.offset >= progress.next(i.record.partition)]
        self.positions = {i.record.partition: i.record.offset + 1 for i in fresh}
        return fresh

    def _ours(self, incoming: Incoming) -> bool:
        return self.lane.judge.partner(incoming) is None

    def _needs(self, incoming: Incoming) -> Iterable[Need]:
        if self.forced or incoming.event is None or inbox_id(self.lane.consumer, incoming) in self.inbox:
            return ()
        return self.lane.judge.needs(incoming)

    async def _decide(self, desk: Desk, incoming: Incoming) -> None:
        if incoming.refusal:
            return await self._unreadable(desk, incoming, incoming.refusal)
        id_ = inbox_id(self.lane.consumer, incoming)
        known = self.inbox.get(id_)
        if known is not None:
            return await self._repeated(desk, incoming, known)
        outcome = await self._fresh(desk, incoming)
        row = inbox_row(id_, incoming, outcome, desk.now)
        self.inbox[id_] = row
        self.claims.append(row)
        self.outcomes[incoming.record.partition.topic, outcome.value] += 1
        return None

    async def _fresh(self, desk: Desk, incoming: Incoming) -> Outcome:
        partner = self.lane.judge.partner(incoming)
        if partner is None and self.lot.holds(incoming.record):
            self._park(desk, incoming, "BEHIND")
            return Outcome.PARKED
        if partner and self.lane.judge.too_old(incoming, desk.now):
            reject: Reject | None = Reject(TOO_OLD)
        else:
            reject = self.forced or await self.lane.judge.ask(desk, incoming)
        if reject is None:
            return Outcome.APPLIED
        if partner:
            await self._set_aside(desk, incoming, reject.code, partner)
            return Outcome.QUARANTINED
        self._park(desk, incoming, reject.code, waiting_id(reject.waits_for))
        return Outcome.PARKED

    def _park(self, desk: Desk, incoming: Incoming, reason: str, waits_for: str | None = None) -> None:
        self.lot.park(incoming.record, reason, desk.now, waits_for)
        self._tell("parked", incoming, reason)

    async def _bury(self, desk: Desk, incoming: Incoming, reason: str, owner: str, *, keep_bytes: bool = True) -> None:
        await self.refusals.bury(desk, incoming, reason, owner, keep_bytes=keep_bytes)
        self._tell("dead_letter", incoming, reason)

    def _tell(self, event: str, incoming: Incoming, reason: str) -> None:
        self.told.append({"event": event, "reason": reason, **about(incoming)})

    async def _set_aside(self, desk: Desk, incoming: Incoming, reason: str, partner: str) -> None:
        aside = await self.refusals.quarantine(desk, incoming, reason, partner)
        self._tell("quarantined", incoming, reason)
        if not self.forced:  # where a batch of one could not be saved, nothing is added to it
            await self.lane.judge.tell(desk, incoming, aside)

    async def _unreadable(self, desk: Desk, incoming: Incoming, reason: str) -> None:
        partner = self.lane.judge.partner(incoming)
        if partner is None:
            self._park(desk, incoming, reason)
        else:
            await self._bury(desk, incoming, reason, partner, keep_bytes=partner not in SECRETIVE)

    async def _repeated(self, desk: Desk, incoming: Incoming, known: Document) -> None:
        if known["digest"] == incoming.digest:
            self.outcomes[incoming.record.partition.topic, "DUPLICATE"] += 1
            return
        partner = self.lane.judge.partner(incoming)
        desk.audit(cause_of(incoming), outcome="SECURITY_ID_REUSED")
        if partner:
            await self._set_aside(desk, incoming, CONFLICTING_DUPLICATE, partner)
        else:
            await self._bury(desk, incoming, ID_REUSED, PLATFORM)
