"""One process's parts, made from settings and closed again. Creates everything, owns nothing global."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from shared.events.codec import decode
from shared.events.incoming import Incoming, Record
from shared.events.registry import Registry, registry
from shared.kernel.clock import Clock, offset_clock, system_clock
from shared.kernel.probe import Probe, crash_at, no_probe
from shared.kernel.timer import Timer
from shared.kernel.work import Emitted
from shared.messaging.settings import Budgets
from shared.mongo.bugs import Bugs
from shared.mongo.client import Mongo
from shared.mongo.command_bus import CommandBus
from shared.mongo.event_lane import EventLane
from shared.mongo.fieldcrypto import FieldCrypto
from shared.mongo.indexes import ensure
from shared.mongo.keyvault import KeyVault, key_database_of
from shared.mongo.leases import MongoLeases
from shared.mongo.outbox import MongoOutbox
from shared.mongo.outbox_writer import OutboxWriter, topic_of
from shared.mongo.reader import AuditLog, MongoReader
from shared.mongo.unit_of_work import UnitOfWork
from shared.mongo.verdicts import Judge
from shared.observability.metrics import Metrics
from shared.service.definition import Service
from shared.service.settings import Place, ServiceSettings

log = structlog.get_logger(__name__)


@dataclass
class Runtime:
    """What the roles share within one process."""

    service: Service
    settings: ServiceSettings
    mongo: Mongo
    crypto: FieldCrypto
    registry: Registry = field(default_factory=registry)
    metrics: Metrics = field(default_factory=Metrics)
    parts: Any = None

    def __post_init__(self) -> None:
        service, settings = self.service, self.settings
        self.clock: Clock = domain_clock(settings)
        self.probe: Probe = crash_at(settings.crash_at) if settings.crash_at else no_probe
        self.kafka = settings.kafka()
        self.outbox = MongoOutbox(self.mongo)
        self.keyvault = KeyVault(self.mongo, key_database_of(settings))
        self.vaults = [(self.keyvault, self.crypto)]
        """Whose keys rotate with the master key; a service that keeps several vaults adds its others."""
        self.leases = MongoLeases(self.mongo, settings.lease_ttl_s)
        self.reader = MongoReader(self.mongo)
        self.audit = AuditLog(self.mongo)
        writer = OutboxWriter(service.name, settings.outbox_shards)
        self.budgets = Budgets()
        self.uow = UnitOfWork(
            self.mongo, self.clock, writer, self.metrics, self.probe, transaction_s=self.budgets.transaction_s
        )
        self.bus = CommandBus(
            self.uow, service.rules, service.kinds, self._takers, settings.command_group, settings.command_deadline_s
        )
        judge = Judge(service.rules, self.registry.topics, Bugs())
        self.lane = EventLane(service.name, self.uow, judge, self.crypto)

    @property
    def name(self) -> str:
        """The service's name, which is its consumer group too."""
        return self.service.name

    def _takers(self, emitted: Emitted) -> tuple[str, ...]:
        return self.registry.takers(topic_of(emitted), emitted.data.type)  # type: ignore[attr-defined]

    def decode(self, record: Record) -> Incoming:
        """A record as this service sees it."""
        return decode(record, self.registry, self.name)


def domain_clock(settings: Place) -> Clock:
    """The system's time, or in local mode the system's time plus the offset in a file."""
    return offset_clock(settings.clock_offset_file) if settings.clock_offset_file else system_clock


async def compare_budgets(mongo: Mongo, budgets: Budgets) -> None:
    """Say so where our time budgets do not nest within the server's. It works all the same, only not as quickly."""
    life_s = await mongo.transaction_life_s()
    wrong = budgets.around(life_s) if life_s is not None else None  # not every account may ask
    if wrong:
        log.error("budgets_do_not_nest", transaction_lifetime_limit_s=life_s, wrong=wrong)


@asynccontextmanager
async def open_runtime(
    service: Service, settings: ServiceSettings, known: Registry | None = None
) -> AsyncIterator[Runtime]:
    """Connect, make sure that collections and indexes exist, open the service's own parts; close all in reverse.

    `known` are the event types and topics; by default the platform's own.
    """
    mongo = settings.mongo(settings.mongo_database, service.databases)
    try:
        await ensure(mongo, (*service.kinds, Timer), service.entries, service.indexes)
        await compare_budgets(mongo, Budgets())
        async with FieldCrypto.open(settings, mongo, cache_ms=int(settings.key_cache_s * 1000)) as crypto:
            runtime = Runtime(service, settings, mongo, crypto, known or registry())
            async with service.parts(runtime) as parts:
                runtime.parts = parts
                yield runtime
    finally:
        await mongo.close()
