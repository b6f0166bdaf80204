"""Partners' events that came over HTTP: through the lane's own steps, without a place in a log."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.events.incoming import Halted, Incoming
from shared.events.receipts import ReceiptStatus
from shared.kernel.command import Unavailable
from shared.mongo.client import Document
from shared.mongo.desk import Desk
from shared.mongo.event_lane import EventBatch, EventLane
from shared.mongo.inbox import inbox_id
from shared.mongo.transaction import Transaction, Transient


@dataclass
class PostedBatch(EventBatch):
    """Some events of one partner. `statuses` learns what became of each, from place `first` on."""

    statuses: list[ReceiptStatus | None] = field(default_factory=list)
    first: int = 0
    until: float = 0.0
    """On the loop's clock: then whoever waits is sent away, and may come again."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._decided: list[ReceiptStatus] = []

    def wanted(self) -> bool:
        """Whether somebody still waits."""
        return asyncio.get_running_loop().time() < self.until

    async def decide(self, desk: Desk) -> None:
        """Each in order; a repetition is told by what was known before."""
        self._decided = []
        for incoming in self.fresh:
            known = self.inbox.get(inbox_id(self.lane.consumer, incoming))
            await self._decide(desk, incoming)
            self._decided.append(_status(known, incoming))

    def committed(self) -> None:
        """Only now is anything sure."""
        super().committed()
        self.statuses[self.first : self.first + len(self._decided)] = self._decided

    def halves(self) -> "tuple[PostedBatch, PostedBatch] | None":
        """In two, in order."""
        middle = len(self.incoming) // 2
        if not middle:
            return None
        return self._part(self.incoming[:middle], 0), self._part(self.incoming[middle:], middle)

    async def _ahead(self, tx: Transaction) -> list[Incoming]:
        """All of it: what comes by itself moves no progress."""
        return self.incoming

    def _part(self, incoming: list[Incoming], skipped: int) -> "PostedBatch":
        return PostedBatch(self.lane, incoming, statuses=self.statuses, first=self.first + skipped, until=self.until)


@dataclass
class PostedLane:
    """Applies what was posted, one batch at a time in a process; nobody waits longer than `deadline_s`."""

    lane: EventLane
    deadline_s: float

    def __post_init__(self) -> None:
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()

    async def apply(self, incoming: Sequence[Incoming]) -> list[ReceiptStatus]:
        """What became of each, once all of it is durable; raises Unavailable, and then some of it may be."""
        until = asyncio.get_running_loop().time() + self.deadline_s
        batch = PostedBatch(self.lane, list(incoming), statuses=[None] * len(incoming), until=until)
        running = asyncio.create_task(self._run(batch))
        self._running.add(running)
        running.add_done_callback(self._forget)
        # Left alone when the time is up: to cancel it would cut the driver's connection.
        await asyncio.wait({running}, timeout=self.deadline_s)
        if not running.done():
            raise Unavailable
        running.result()
        return _complete(batch.statuses)

    def _forget(self, running: "asyncio.Task[None]") -> None:
        """Also what nobody waits for any more has its failure looked at."""
        self._running.discard(running)
        if not running.cancelled():
            running.exception()

    async def _run(self, batch: PostedBatch) -> None:
        try:
            async with self._turn:
                await self.lane.uow.run(batch)
        except (Transient, Halted):
            raise Unavailable from None


def _status(known: Document | None, incoming: Incoming) -> ReceiptStatus:
    if known is None:
        return ReceiptStatus.RECEIVED
    same = known["digest"] == incoming.digest
    return ReceiptStatus.DUPLICATE_IGNORED if same else ReceiptStatus.CONFLICTING_DUPLICATE


def _complete(statuses: Sequence[ReceiptStatus | None]) -> list[ReceiptStatus]:
    """All of them; raises Unavailable where time ran out before each had its turn."""
    found = [status for status in statuses if status is not None]
    if len(found) < len(statuses):
        raise Unavailable("TOO_BUSY")
    return found
