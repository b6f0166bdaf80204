"""Commands through the unit of work, with group commit: what waits at the same moment shares one transaction.

Each command keeps its own outcome. A lone command never waits for company: the lane takes what is there.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from shared.events.position import Position
from shared.kernel.aggregate import Aggregate, Need, Ref
from shared.kernel.command import Command, Receipt, Unavailable
from shared.kernel.errors import Kind, Reject
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Emitted, Work
from shared.mongo.client import Document
from shared.mongo.desk import Desk, target_of
from shared.mongo.expiry import expires
from shared.mongo.transaction import OutcomeUnknown, Transaction, Transient, jittered
from shared.mongo.unit_of_work import Batch, UnitOfWork

Takers = Callable[[Emitted], Iterable[str]]
"""Which services take an event in."""

IDEMPOTENCY = "idempotency"
KEEP = timedelta(days=2)
"""Longer than the day that interfaces promise for a repetition."""


def taken_by_nobody(_: Emitted) -> Iterable[str]:
    """For a bus whose events nobody waits for."""
    return ()


@dataclass
class Waiting:
    """A command and whoever waits for its outcome."""

    command: Command
    answer: "asyncio.Future[Receipt]"
    until: float
    """On the loop's clock; whoever waits is not kept longer."""
    unknown: bool = False
    """It may have happened, or may yet: its commit was sent without an answer, or is being decided on."""
    outcome: Receipt | Reject | Exception | None = None

    def settle(self) -> None:
        """Hand the outcome over, if somebody is still there to take it."""
        if self.answer.done():
            return
        if isinstance(self.outcome, Receipt):
            self.answer.set_result(self.outcome)
        elif self.outcome is not None:
            self.answer.set_exception(self.outcome)

    def turn_away(self) -> None:
        """Tell that it cannot be done now."""
        self.outcome = Unavailable("OUTCOME_UNKNOWN" if self.unknown else "UNAVAILABLE")
        self.settle()


@dataclass
class CommandBatch(Batch):
    """Commands that are decided in turn over one overlay and committed together."""

    rules: Rulebook
    waiting: list[Waiting]
    kinds: Mapping[str, type[Aggregate]]
    takers: Takers
    known: dict[str, Document] = field(default_factory=dict)
    claims: list[Document] = field(default_factory=list)

    def wanted(self) -> bool:
        """Turn away whose time is up; whether anybody is left."""
        self.waiting = _in_time(self.waiting)
        return bool(self.waiting)

    async def claim(self, tx: Transaction) -> Iterable[Need]:
        """Find repetitions; answers what the rules, preconditions and repetitions need."""
        self.claims = []
        scopes = [w.command.idempotency.scope for w in self.waiting if w.command.idempotency]
        found = await tx.find(IDEMPOTENCY, {"_id": {"$in": scopes}}) if scopes else []
        self.known = {row["_id"]: row for row in found}
        return [need for w in self.waiting for need in self._needs(w.command)]

    async def decide(self, desk: Desk) -> None:
        """Each in turn; a refusal leaves an audit row and nothing else."""
        for waiting in self.waiting:
            try:
                waiting.outcome = await self._decide(desk, waiting)
            except Reject as reject:
                waiting.outcome = reject
                command, target = waiting.command, waiting.command.target
                desk.audit(command.cause, reject.code, _named(target), about=desk.loaded(target))

    async def save(self, tx: Transaction) -> None:
        """Remember the successful ones by their idempotency keys."""
        await tx.insert(IDEMPOTENCY, self.claims)

    def committed(self) -> None:
        """Answer everybody."""
        for waiting in self.waiting:
            waiting.settle()

    def halves(self) -> "tuple[CommandBatch, CommandBatch] | None":
        """In two, in order."""
        middle = len(self.waiting) // 2
        if not middle:
            return None
        first, second = self.waiting[:middle], self.waiting[middle:]
        return replace(self, waiting=first), replace(self, waiting=second)

    def _needs(self, command: Command) -> Iterable[Need]:
        yield from command.needs
        if command.precondition:
            yield command.precondition.ref
        if command.idempotency and (row := self.known.get(command.idempotency.scope)):
            yield Ref(self.kinds[row["collection"]], row["ref"])
        else:
            yield from self.rules.commands[type(command.body)].needs(command.body)

    async def _decide(self, desk: Desk, waiting: Waiting) -> Receipt:
        command = waiting.command
        if self.forced:
            raise self.forced
        if command.idempotency and (row := self.known.get(command.idempotency.scope)):
            return self._replay(desk, command, row)
        if command.precondition:
            _check(desk, command)
        work = await desk.ask(self.rules.commands[type(command.body)], command.body, command.cause)
        aggregate = _answered(work)
        desk.audit(command.cause, target=target_of(work), about=work.changed.values(), shown=(aggregate,))
        position = str(Position.of(command.cause.id, map(self.takers, work.events)))
        if command.idempotency:
            self._remember(command, aggregate, position)
        return Receipt(aggregate, position=position)

    def _replay(self, desk: Desk, command: Command, row: Document) -> Receipt:
        """The answer is rendered anew, from what is there now."""
        assert command.idempotency is not None  # noqa: S101 - the caller looked
        if row["fingerprint"] != command.idempotency.fingerprint:
            raise Reject("IDEMPOTENCY_KEY_REUSED", Kind.INVALID)
        kind = self.kinds[str(row["collection"])]
        current = desk.overlay.current(Ref(kind, row["ref"]))
        if current is None:
            raise Reject("NOT_FOUND", Kind.UNKNOWN)
        desk.audit(command.cause, "REPLAYED", (kind.__name__, row["ref"]), shown=(current,))
        return Receipt(current, replayed=True, position=row.get("position"))

    def _remember(self, command: Command, aggregate: Aggregate, position: str) -> None:
        assert command.idempotency is not None  # noqa: S101 - the caller looked
        row: Document = {
            "_id": command.idempotency.scope,
            "fingerprint": command.idempotency.fingerprint,
            "collection": type(aggregate).collection,
            "ref": aggregate.id,
            "version": aggregate.version,
            "position": position,
            "expires_at": expires(KEEP),
        }
        self.known[command.idempotency.scope] = row
        self.claims.append(row)


def _in_time(waiting: list[Waiting]) -> list[Waiting]:
    now = asyncio.get_running_loop().time()
    for one in waiting:
        if one.until < now:
            one.turn_away()
    return [one for one in waiting if not one.answer.done()]


def _named(target: Ref | None) -> tuple[str, str] | None:
    return None if target is None else (target.kind.__name__, target.id)


def _check(desk: Desk, command: Command) -> None:
    """The precondition in its turn: the second of two with the same `If-Match` finds the first one's version."""
    assert command.precondition is not None  # noqa: S101 - the caller looked
    current = desk.overlay.current(command.precondition.ref)
    if current is None:
        raise Reject("NOT_FOUND", Kind.UNKNOWN)
    if not command.precondition.matches(current):
        raise Reject("VERSION_CONFLICT", Kind.STALE)


def _answered(work: Work) -> Aggregate:
    answer = work.answer
    if not isinstance(answer, Aggregate):
        raise TypeError("a command's rule answers the aggregate that it is about")
    return work.changed.get((type(answer), answer.id), answer)


@dataclass
class CommandBus:
    """One lane per process: one transaction in flight, everybody else waits in the queue and goes with the next."""

    uow: UnitOfWork
    rules: Rulebook
    kinds: tuple[type[Aggregate], ...]
    takers: Takers = taken_by_nobody
    group: int = 64
    deadline_s: float = 8.0
    """For each command, from the moment that it is handed in."""

    def __post_init__(self) -> None:
        self._queue: asyncio.Queue[Waiting] = asyncio.Queue(maxsize=1024)
        self._kinds = {kind.collection: kind for kind in self.kinds}
        self._ended = False
        self._deciding: list[Waiting] = []

    async def submit(self, command: Command) -> Receipt:
        """Decide and save; raises Reject or Unavailable. A caller who goes away does not take the command back."""
        if self._ended:
            raise Unavailable
        loop = asyncio.get_running_loop()
        waiting = Waiting(command, loop.create_future(), loop.time() + self.deadline_s)
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise Unavailable("TOO_BUSY") from None
        with self._counted(command) as told:
            receipt = await self._outcome(waiting)
            told.append("REPLAYED" if receipt.replayed else "DONE")
        return receipt

    async def _outcome(self, waiting: Waiting) -> Receipt:
        """In time: what is being decided on when its time is up may still happen, and whoever waits cannot know."""
        await asyncio.wait({waiting.answer}, timeout=self.deadline_s)
        if not waiting.answer.done():
            waiting.unknown = waiting.unknown or any(one is waiting for one in self._deciding)
            waiting.turn_away()
        return await waiting.answer

    @contextmanager
    def _counted(self, command: Command) -> Iterator[list[str]]:
        told: list[str] = []
        try:
            yield told
        except Reject as no:
            told.append(no.kind.value)
            raise
        except Unavailable as away:
            told.append(away.code)
            raise
        finally:
            outcome = told[0] if told else "FAILED"
            self.uow.metrics.commands.labels(command.cause.action, outcome).inc()

    async def run(self, stop: asyncio.Event) -> None:
        """The lane; on stop it finishes what waits. Nobody is left waiting for a lane that has ended."""
        self._ended = False
        try:
            while not (stop.is_set() and self._queue.empty()):
                group = await self._next(stop)
                if group:
                    self.uow.metrics.group_size.observe(len(group))
                    await self._apply(group)
        finally:
            self._ended = True
            while not self._queue.empty():
                self._queue.get_nowait().turn_away()

    async def _next(self, stop: asyncio.Event) -> list[Waiting]:
        getting, stopping = asyncio.ensure_future(self._queue.get()), asyncio.ensure_future(stop.wait())
        done, pending = await asyncio.wait({getting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        group = [getting.result()] if getting in done else []
        while group and len(group) < self.group and not self._queue.empty():
            group.append(self._queue.get_nowait())
        return group

    async def _apply(self, group: list[Waiting]) -> None:
        attempt = 0
        while waiting := [one for one in group if not one.answer.done()]:
            try:
                self._deciding = waiting
                await self.uow.run(CommandBatch(self.rules, waiting, self._kinds, self.takers))
            except Transient as error:
                self._deciding = []
                _postpone(waiting, error)
                await asyncio.sleep(jittered(0.02, attempt, 0.5))
                attempt += 1
            except Exception as bug:  # noqa: BLE001 - one group's bug must not end the lane
                return await self._isolate(waiting, bug)
        return None

    async def _isolate(self, waiting: list[Waiting], bug: Exception) -> None:
        """Somebody's rule has a bug: each alone, and only the guilty one learns of it."""
        if len(waiting) == 1:
            waiting[0].outcome = bug
            return waiting[0].settle()
        for one in waiting:
            await self._apply([one])
        return None


def _postpone(waiting: list[Waiting], error: Transient) -> None:
    """Turn away who had better not wait for another attempt.

    After a commit without an answer that is whoever has no key: nothing would tell that it happened, and deciding
    again could do it twice. Without a primary within the selection's time-out it is everybody.
    """
    unknown, away = isinstance(error, OutcomeUnknown), "ServerSelection" in str(error)
    for one in waiting:
        if one.answer.done():
            continue
        one.unknown = one.unknown or unknown
        if away or (unknown and not one.command.idempotency):
            one.turn_away()
