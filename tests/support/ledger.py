"""The smallest service: accounts that add up numbers. Tests of the runtime speak of it, so that they prove nothing
about a particular domain."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import ClassVar

from shared.events.codec import decode
from shared.events.envelope import Event, EventData
from shared.events.incoming import Incoming, Partition, Record
from shared.events.registry import Registry, TopicSpec
from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import Clock, system_clock
from shared.kernel.command import Command, Idempotency, Precondition
from shared.kernel.context import Cause
from shared.kernel.errors import Reject
from shared.kernel.ids import new_id
from shared.kernel.probe import Probe, no_probe
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import Timer, start_timer
from shared.kernel.work import Work
from shared.mongo.bugs import Bugs
from shared.mongo.client import Mongo
from shared.mongo.command_bus import CommandBus
from shared.mongo.event_lane import EventLane
from shared.mongo.indexes import ensure
from shared.mongo.outbox_writer import OutboxWriter
from shared.mongo.releasing import Releaser
from shared.mongo.unit_of_work import UnitOfWork
from shared.mongo.verdicts import Judge
from shared.observability.metrics import Metrics

OWN, PARTNER, RIVAL = "ledger-events", "partner-ledger", "partner-rival"


class Account(Aggregate):
    """Adds up amounts; remembers in which order they came."""

    collection: ClassVar[str] = "accounts"
    unique: ClassVar[tuple[tuple[str, ...], ...]] = (("nickname",),)

    total: int = 0
    log: tuple[int, ...] = ()
    nickname: str | None = None
    owner: str | None = None


class Added(EventData):
    """An amount for an account."""

    type = "id.pulang.test.amount.added.v1"
    topics = (OWN, PARTNER, RIVAL)

    account: str
    amount: int
    refuse: bool = False
    waits: str | None = None
    crash: bool = False
    report_id: str | None = None
    """The id of the event that follows, for rules that choose one."""


class Reported(EventData):
    """What an account says after each change."""

    type = "id.pulang.test.account.reported.v1"
    topics = ("ledger-reports",)

    account: str
    total: int
    note: str = ""


class Broken:
    """A switch that tests flip: which accounts' events are refused for now."""

    accounts: ClassVar[set[str]] = set()


class Loud:
    """Another: which accounts say more than any broker takes, and which say what is no text."""

    accounts: ClassVar[Mapping[str, str]] = {}


TOO_MUCH = "x" * 1_000_000


book = Rulebook()


@dataclass(frozen=True)
class Add:
    """Add an amount as a person."""

    account: str
    amount: int
    nickname: str | None = None
    owner: str | None = None
    refuse: bool = False


@book.on(Added, needs=lambda e: [Account.ref(e.data.account)])
def add_event(event: Event[Added], work: Work) -> None:
    """Add, unless told to fail."""
    data = event.data
    if data.crash:
        raise ZeroDivisionError("told to")
    if data.waits:
        work.get(Account, data.waits)
    if data.refuse or data.account in Broken.accounts:
        raise Reject("TOLD_TO_REFUSE")
    _add(work, data.account, data.amount, None, data.report_id)


@book.command(Add, needs=lambda c: [Account.ref(c.account)])
def add_command(command: Add, work: Work) -> Account:
    """Add, unless told to refuse."""
    if command.refuse:
        raise Reject("TOLD_TO_REFUSE")
    account = _add(work, command.account, command.amount, command.nickname)
    if command.owner:
        work.put(account.evolve(owner=command.owner), "OWNED")
    return work.get(Account, account.id)


@book.timer("BELL", needs=lambda t: [Account.ref(t.about)])
def ring(timer: Timer, work: Work) -> None:
    """A timer adds a thousand."""
    account = _add(work, timer.about, 1000, None)
    work.emit(_report(work, account), key=account.id, event_id=timer.event_id)


def _add(work: Work, id_: str, amount: int, nickname: str | None, report_id: str | None = None) -> Account:
    account = work.find(Account, id_) or Account(id=id_)
    account = account.evolve(
        total=account.total + amount, log=(*account.log, amount), nickname=nickname or account.nickname
    )
    work.put(account, "ADDED", amount=amount)
    work.emit(_report(work, account), key=id_, event_id=report_id)
    return account


def _report(work: Work, account: Account) -> Reported:
    note = Loud.accounts.get(account.id, "")
    return Reported(occurred_at=work.now, account=account.id, total=account.total, note=note)


REGISTRY = Registry(
    models={Added.type: Added, Reported.type: Reported},
    topics={
        OWN: TopicSpec(
            name=OWN,
            kind="own",
            key="account",
            producers=("test",),
            consumers=("ledger",),
            types={Added.type: ("ledger",)},
        ),
        PARTNER: TopicSpec(
            name=PARTNER,
            kind="partner",
            partner="TESTERS",
            key="account",
            producers=("testers",),
            consumers=("ledger",),
            types={Added.type: ("ledger",)},
        ),
        RIVAL: TopicSpec(
            name=RIVAL,
            kind="partner",
            partner="RIVALS",
            key="account",
            producers=("rivals",),
            consumers=("ledger",),
            types={Added.type: ("ledger",)},
        ),
        "ledger-reports": TopicSpec(
            name="ledger-reports", kind="own", key="account", producers=("ledger",), types={Reported.type: ()}
        ),
    },
)


class PlainSealer:
    """Marks instead of encrypting: the real one has tests of its own."""

    async def seal(self, owner: str, month: str, plain: bytes) -> bytes:
        """A keyed-looking digest, so that no plaintext stays."""
        return sha256(f"{owner}{month}".encode() + plain).digest()

    async def check(self) -> None:
        """It needs no keys, so nothing can be wrong with them."""


@dataclass
class Ledger:
    """One process's worth of the runtime around the rules above."""

    mongo: Mongo
    clock: Clock = system_clock
    probe: Probe = no_probe
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self.uow = UnitOfWork(self.mongo, self.clock, OutboxWriter("ledger"), self.metrics, self.probe)
        self.lane = EventLane("ledger", self.uow, Judge(book, REGISTRY.topics, Bugs()), PlainSealer())
        self.bus = CommandBus(self.uow, book, (Account,))
        self.releaser = Releaser(self.lane, self.decode, frozenset({Account.collection}))

    def decode(self, record: Record) -> Incoming:
        """As the service would."""
        return decode(record, REGISTRY, "ledger")

    async def account(self, id_: str) -> dict[str, object] | None:
        """The stored document."""
        found: dict[str, object] | None = await self.mongo.collection("accounts").find_one({"_id": id_})
        return found

    async def rows(self, name: str, query: dict[str, object] | None = None) -> list[dict[str, object]]:
        """All documents of a collection."""
        found: list[dict[str, object]] = (
            await self.mongo.collection(name).find(query or {}).sort([("_id", 1)]).to_list(None)
        )
        return found


@asynccontextmanager
async def ledger(mongo_uri: str, database: str) -> AsyncIterator[Ledger]:
    """A ledger on a database of its own."""
    mongo = Mongo(mongo_uri, database)
    await ensure(mongo, [Account, Timer])
    try:
        yield Ledger(mongo)
    finally:
        await mongo.close()


def command(
    body: Add, *, key: str | None = None, fingerprint: bytes = b"f", precondition: Precondition | None = None
) -> Command:
    """A command as an interface would hand it in."""
    id_ = new_id()
    return Command(
        body=body,
        cause=Cause("ADD", id_, id_),
        idempotency=Idempotency(key, fingerprint) if key else None,
        precondition=precondition,
    )


@dataclass
class Log:
    """Writes records as a topic's partition would number them."""

    topic: str = OWN
    partition: int = 0
    next: int = 0

    def record(self, key: str | None, value: bytes | None) -> Record:
        """The next record of the partition."""
        headers = (("content-type", b"application/cloudevents+json"),)
        record = Record(Partition(self.topic, self.partition), self.next, key, value, headers)
        self.next += 1
        return record

    def added(self, account: str, amount: int, *, id_: str | None = None, **flags: object) -> Record:
        """A record with an Added event."""
        return self.record(account, added(account, amount, id_=id_, partner=self.topic == PARTNER, **flags))


def added(account: str, amount: int, *, id_: str | None = None, partner: bool = False, **flags: object) -> bytes:
    """The bytes of an Added event."""
    from shared.events.codec import encode

    now = datetime.now(UTC)
    return encode(
        Added(occurred_at=now, account=account, amount=amount, **flags),  # type: ignore[arg-type]
        id_=id_ or new_id(),
        source="/partner/testers" if partner else "/pulang/test",
        subject=account,
        time=now,
        key=account,
    )


def bell(account: str, in_s: float = -1.0) -> Timer:
    """A timer that rings for an account."""
    return start_timer("BELL", account, system_clock() + timedelta(seconds=in_s))
