"""Releasing parked events: the command marks the head, the worker tries the rows again, in order, in its lane."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from shared.events.incoming import Halted, Incoming, Record
from shared.kernel.aggregate import Need
from shared.kernel.errors import Reject
from shared.mongo.client import Document, Mongo
from shared.mongo.desk import Desk
from shared.mongo.event_lane import EventLane
from shared.mongo.inbox import Outcome, inbox_id, inbox_row, read_inbox, settled
from shared.mongo.parking import HEADS, ROWS, Head, head_write, record_of, waiting_id
from shared.mongo.transaction import Conflict, Stuck, Transaction, Transient
from shared.mongo.unit_of_work import Batch
from shared.mongo.verdicts import HANDLER_FAILED, about

log = structlog.get_logger(__name__)

Decode = Callable[[Record], Incoming]
ROWS_AT_ONCE = 100
SWEEP_S = 1.0


@dataclass
class ReleaseBatch(Batch):
    """The first rows of one parked key. The first that is refused again ends the release; the rest stays behind it."""

    lane: EventLane
    decode: Decode
    head_id: str
    limit: int = ROWS_AT_ONCE
    head: Head | None = None
    rows: list[Document] = field(default_factory=list)
    done: list[Document] = field(default_factory=list)
    inbox: dict[str, Document] = field(default_factory=dict)
    applied: list[Document] = field(default_factory=list)
    """Inbox rows of what is through."""
    refused: dict[str, Any] = field(default_factory=dict)
    """The row that ended it, as a log line."""

    async def claim(self, tx: Transaction) -> Iterable[Need]:
        """Read the head and its next rows."""
        self.head, self.rows, self.done, self.applied, self.refused = None, [], [], [], {}
        found = await tx.find(HEADS, {"_id": self.head_id, "releasing": True})
        if not found:
            return []
        self.head = Head.of(found[0])
        self.rows = await tx.find(ROWS, {"head": self.head_id}, sort=[("position", 1)], limit=self.limit)
        incoming = [self._incoming(row) for row in self.rows]
        self.inbox = await read_inbox(tx, [inbox_id(self.lane.consumer, i) for i in incoming if i.event])
        return [need for i in incoming for need in self.lane.judge.needs(i)] if self.forced is None else []

    async def decide(self, desk: Desk) -> None:
        """Row by row until one is refused."""
        if self.head is None:
            return
        for row in self.rows:
            reject = await self._try(desk, self._incoming(row))
            if reject:
                self.refused = {"reason": reject.code, **about(self._incoming(row))}
                self.head.releasing, self.head.reason = False, reject.code
                self.head.waits_for = waiting_id(reject.waits_for)
                break
            self.done.append(row)
        self.head.count -= len(self.done)

    async def save(self, tx: Transaction) -> None:
        """Rows that are through are gone; the head says how many are left."""
        if self.head is None:
            return
        await tx.delete(ROWS, {"_id": {"$in": [row["_id"] for row in self.done]}})
        await tx.write("inbox", [settled(row) for row in self.applied])
        await tx.write(HEADS, [head_write(self.head)], guarded=1)

    def committed(self) -> None:
        """The rows that are through have had their effect."""
        for row in self.done:
            log.info("released", **about(self._incoming(row)))
        if self.refused:
            log.warning("release_refused", **self.refused)

    def refuse(self, reject: Reject) -> None:
        """Something cannot be saved. The first row is tried alone, and if it is that one, refused."""
        if len(self.rows) > 1:
            self.limit = 1
        else:
            super().refuse(reject)

    @property
    def more(self) -> bool:
        """Whether rows are left to try."""
        return self.head is not None and self.head.releasing and self.head.count > 0

    def _incoming(self, row: Document) -> Incoming:
        assert self.head is not None  # noqa: S101 - read before its rows
        return self.decode(record_of(self.head, row))

    async def _try(self, desk: Desk, incoming: Incoming) -> Reject | None:
        if incoming.refusal:
            return Reject(incoming.refusal)
        id_ = inbox_id(self.lane.consumer, incoming)
        known = self.inbox.get(id_)
        if known and known["outcome"] == Outcome.APPLIED:
            return None  # it came twice while its key was parked
        reject = self.forced or await self._ask(desk, incoming)
        if reject is None:
            self.inbox[id_] = inbox_row(id_, incoming, Outcome.APPLIED, desk.now)
            self.applied.append(self.inbox[id_])
        return reject

    async def _ask(self, desk: Desk, incoming: Incoming) -> Reject | None:
        """A bug that repeats stops a partition; here nothing flows, so the key just stays where it is."""
        try:
            return await self.lane.judge.ask(desk, incoming)
        except Halted:
            return Reject(HANDLER_FAILED)


@dataclass
class Releaser:
    """The worker's task: tries marked keys, and finds keys whose awaited aggregate has come to be."""

    lane: EventLane
    decode: Decode
    kinds: frozenset[str]
    """Collections of aggregates that an event may wait for."""

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep each second until told to stop."""
        while not stop.is_set():
            try:
                await self.sweep()
            except (Transient, Conflict, PyMongoError) as error:
                log.warning("release_postponed", error=type(error).__name__)
            await wait(stop, SWEEP_S)

    async def sweep(self) -> None:
        """One round over this consumer's marked heads."""
        heads = self.lane.uow.mongo.collection(HEADS)
        await self._mark_fulfilled()
        marked = await heads.find({"consumer": self.lane.consumer, "releasing": True}, {"_id": 1}).to_list(None)
        for row in marked:
            try:
                await self.release(row["_id"])
            except Stuck as stuck:
                log.error("release_stuck", head=row["_id"], reason=str(stuck))

    async def release(self, head_id: str) -> None:
        """Try one key until it is through or refused again."""
        while True:
            batch = ReleaseBatch(self.lane, self.decode, head_id)
            await self.lane.uow.run(batch)
            if not batch.more:
                return

    async def _mark_fulfilled(self) -> None:
        mongo = self.lane.uow.mongo
        query = {"consumer": self.lane.consumer, "waits_for": {"$type": "string"}, "releasing": False}
        waiting: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        async for head in mongo.collection(HEADS).find(query, {"waits_for": 1}):
            kind, _, id_ = head["waits_for"].partition("|")
            waiting[kind][id_].append(head["_id"])
        for kind in waiting.keys() & self.kinds:
            for found in (
                await mongo.collection(kind).find({"_id": {"$in": list(waiting[kind])}}, {"_id": 1}).to_list(None)
            ):
                for head_id in waiting[kind][found["_id"]]:
                    await mark(mongo, head_id)


async def mark(mongo: Mongo, head_id: str) -> bool:
    """Ask for a release; answers whether there is such a head."""
    done = await mongo.collection(HEADS).update_one(
        {"_id": head_id}, {"$set": {"releasing": True, "waits_for": None}, "$inc": {"revision": 1}}
    )
    return bool(done.matched_count)


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but no longer than until told to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
