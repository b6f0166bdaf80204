"""Open, claim, load, decide, save, commit: one transaction for a whole batch, and what happens when it loses a race."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import structlog
from bson.errors import BSONError
from pydantic import ValidationError
from pymongo.errors import DocumentTooLarge

from shared.kernel.aggregate import Need
from shared.kernel.clock import Clock
from shared.kernel.errors import Kind, Reject
from shared.kernel.probe import Probe, no_probe
from shared.kernel.work import Address
from shared.mongo.client import Mongo
from shared.mongo.desk import Desk
from shared.mongo.loading import load
from shared.mongo.outbox_writer import OutboxWriter
from shared.mongo.parking import release_waiting
from shared.mongo.saving import save_entries, save_states, save_timeline
from shared.mongo.transaction import BUDGET_S, Conflict, KeyTaken, Stuck, Transaction, jittered, transact
from shared.observability.metrics import Metrics

log = structlog.get_logger(__name__)

HALVE_AFTER = 2
TOUCH_AFTER = 3

UNSAVABLE = (OverflowError, UnicodeError, RecursionError, BSONError, DocumentTooLarge, ValidationError)
"""What a rule may build and no database takes, and a stored document that its kind no longer understands.

The first three are not even the driver's errors (2^63, a lone surrogate, nesting): a consumer that catches only the
driver's would restart on them for ever."""


class Batch:
    """Inputs that share a transaction. An attempt may be repeated: `claim` starts from nothing each time."""

    forced: Reject | None = None
    """The only input is refused with this, since it could not be saved."""

    def wanted(self) -> bool:
        """Whether another attempt has anything to do; here inputs may be let go."""
        return True

    async def claim(self, tx: Transaction) -> Iterable[Need]:
        """Find out which inputs are still to be decided; answers what they need."""
        raise NotImplementedError

    async def decide(self, desk: Desk) -> None:
        """Decide each input in order."""
        raise NotImplementedError

    async def save(self, tx: Transaction) -> None:
        """Write what makes the inputs count once: claims, parked rows, progress."""

    def committed(self) -> None:
        """All of it is durable on a majority."""

    def halves(self) -> tuple[Self, Self] | None:
        """The batch in two, in order; None where it is not to be divided."""
        return None

    def refuse(self, reject: Reject) -> None:
        """The only input cannot be saved: from now on it is refused. Raises where not even that can be saved."""
        if self.forced:
            raise Stuck(reject.code)
        self.forced = reject


@dataclass
class UnitOfWork:
    """Runs batches against one service's databases."""

    mongo: Mongo
    clock: Clock
    outbox: OutboxWriter
    metrics: Metrics
    probe: Probe = no_probe
    transaction_s: float = BUDGET_S

    async def run(self, batch: Batch, conflicts: int = 0) -> None:
        """Apply the batch, all or nothing per transaction; raises Transient where the database cannot.

        A batch that keeps losing races is halved until the contended inputs stand alone, and then begins by
        writing to what it is going to change, so that it holds them before it decides.
        """
        taken = 0
        hot: list[Address] = []
        while batch.wanted():
            fault = None
            try:
                await self._attempt(batch, hot, touch=conflicts >= TOUCH_AFTER)
            except Conflict as conflict:
                conflicts += 1
                self.metrics.conflicts.labels(type(batch).__name__).inc()
                if isinstance(conflict, KeyTaken):
                    fault, taken = "DUPLICATE_KEY", taken + 1
            except UNSAVABLE as error:
                log.error("unsavable", batch=type(batch).__name__, error=type(error).__name__)
                fault, taken, conflicts = "UNSAVABLE", HALVE_AFTER, max(conflicts, HALVE_AFTER)
            else:
                return
            halves = batch.halves() if conflicts >= HALVE_AFTER else None
            if halves:
                for half in halves:
                    await self.run(half, conflicts - 1)
                return
            if fault and taken >= HALVE_AFTER:
                batch.refuse(Reject(fault, Kind.CONFLICT))
                taken = 0
            await asyncio.sleep(jittered(0.002, conflicts, 0.2))

    async def _attempt(self, batch: Batch, hot: list[Address], *, touch: bool) -> None:
        async def body(tx: Transaction) -> None:
            if touch:
                await _touch(tx, hot)
            desk = Desk(tx, self.clock(), self.metrics, self.outbox)
            await load(tx, desk.overlay, await batch.claim(tx))
            await batch.decide(desk)
            hot[:] = sorted(desk.overlay.dirty, key=lambda a: (a[0].collection, a[1]))
            await self._save(tx, desk, batch)

        await transact(self.mongo, body, self.transaction_s)
        batch.committed()
        self.probe("after_commit")

    async def _save(self, tx: Transaction, desk: Desk, batch: Batch) -> None:
        await save_states(tx, desk.overlay)
        self.probe("after_case")
        await save_timeline(tx, desk)
        await save_entries(tx, desk)
        self.probe("after_audit")
        await self.outbox.withdraw(tx, desk.withdrawn)
        await self.outbox.save(tx, desk.events, desk.now)
        self.probe("after_outbox")
        await batch.save(tx)
        await release_waiting(tx, desk.overlay)  # after the heads that the batch itself read and writes
        self.probe("before_commit")


async def _touch(tx: Transaction, addresses: list[Address]) -> None:
    """Write first to what the last attempt changed: whoever else wants it now waits or loses, and we decide.

    The field is gone again with the replacement that follows.
    """
    for kind, id_ in addresses:
        await tx.update(kind.collection, {"_id": id_}, {"$inc": {"touched": 1}})
