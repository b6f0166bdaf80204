"""What an operator decides about parked events: try them again, or give them up. Each with an audit row."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from shared.events.incoming import Incoming, Record
from shared.kernel.aggregate import Need
from shared.kernel.context import Cause
from shared.mongo.client import Document
from shared.mongo.desk import Desk
from shared.mongo.inbox import Outcome, inbox_id, inbox_row, read_inbox, settled
from shared.mongo.parking import HEADS, ROWS, Head, head_write, record_of
from shared.mongo.transaction import Transaction
from shared.mongo.unit_of_work import Batch


@dataclass(kw_only=True)
class Release(Batch):
    """Marks a parked key, whose rows the worker then tries again. `cause` says who decided.

    `head` is None afterwards where nothing was parked. Written under its revision, so that an event which arrives or
    a release which goes on at the same moment conflicts, and decides again.
    """

    head_id: str
    cause: Cause
    head: Head | None = None

    async def claim(self, tx: Transaction) -> Iterable[Need]:
        """Read the head."""
        found = await tx.find(HEADS, {"_id": self.head_id})
        self.head = Head.of(found[0]) if found else None
        return ()

    async def decide(self, desk: Desk) -> None:
        """Whatever it waits for, it is tried now."""
        if self.head:
            self.head.releasing, self.head.waits_for = True, None
            desk.audit(self.cause, target=("Parked", self.head_id))

    async def save(self, tx: Transaction) -> None:
        """Only over the head that was read."""
        if self.head:
            await tx.write(HEADS, [head_write(self.head)], guarded=1)


@dataclass(kw_only=True)
class Discard(Release):
    """Gives up all rows of a parked key, or the one at `position`; what is left stays parked.

    What was given up is dealt with: when it comes again, it is a repetition.
    """

    reason: str
    """A code."""
    decode: Callable[[Record], Incoming]
    position: int | None = None
    rows: list[Document] = field(default_factory=list)
    discarded: list[Document] = field(default_factory=list)

    async def claim(self, tx: Transaction) -> Iterable[Need]:
        """Read the head and the rows; without them there is nothing to decide."""
        await super().claim(tx)
        one = {} if self.position is None else {"position": self.position}
        self.rows = await tx.find(ROWS, {"head": self.head_id, **one})
        self.head = self.head if self.rows else None
        return ()

    async def decide(self, desk: Desk) -> None:
        """The head no longer counts them, and the inbox has what could be read of them as discarded."""
        if self.head is None:
            return
        self.head.count -= len(self.rows)
        read = [self.decode(record_of(self.head, row)) for row in self.rows]
        ids = {inbox_id(self.head.consumer, incoming): incoming for incoming in read if incoming.event}
        known = await read_inbox(desk.tx, ids)
        applied = {id_ for id_, row in known.items() if row["outcome"] == Outcome.APPLIED}  # it came twice
        self.discarded = [inbox_row(i, ids[i], Outcome.DISCARDED, desk.now) for i in ids.keys() - applied]
        desk.audit(self.cause, self.reason, ("Parked", self.head_id))

    async def save(self, tx: Transaction) -> None:
        """Rows, inbox and head together."""
        if self.head:
            await tx.delete(ROWS, {"_id": {"$in": [row["_id"] for row in self.rows]}})
            await tx.write("inbox", [settled(row) for row in self.discarded])
            await super().save(tx)
