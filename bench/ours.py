"""Ours, as the services run it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from statistics import median

from bench.compare import Round
from bench.tally import REGISTRY, TOPIC, Bench, Count, Tally, book, database, unit_of_work, written
from shared.events.codec import decode
from shared.events.incoming import Incoming, Record
from shared.kernel.command import Command, Idempotency
from shared.kernel.context import Cause
from shared.kernel.ids import new_id
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay, RelaySettings
from shared.messaging.settings import ConsumerSettings, Kafka
from shared.mongo.bugs import Bugs
from shared.mongo.client import Mongo
from shared.mongo.command_bus import CommandBus
from shared.mongo.event_lane import EventLane
from shared.mongo.leases import MongoLeases
from shared.mongo.outbox import MongoOutbox
from shared.mongo.verdicts import Judge
from shared.observability.metrics import Metrics


class NoSealer:
    """Nothing is refused here."""

    async def seal(self, owner: str, month: str, plain: bytes) -> bytes:
        """Never asked."""
        raise NotImplementedError


@dataclass
class Timed(EventLane):
    """The lane, with a stop-watch and a finishing line."""

    finish: int = 0
    applied: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def apply(self, batch: Sequence[Incoming]) -> None:
        """As ever, and look at the time when all is through."""
        await super().apply(batch)
        self.applied += len(batch)
        if self.applied >= self.finish:
            self.done.set()


async def consume(bench: Bench, events: int, batch: int) -> Round:
    """Events per second, from the first record decoded to the last batch committed."""
    started: list[float] = []

    def timed_decode(record: Record) -> Incoming:
        if not started:
            started.append(time.perf_counter())
        return decode(record, REGISTRY, "tally")

    group = bench.fresh().removeprefix(bench.prefix)
    async with database(bench, bench.fresh()) as mongo:
        lane = Timed("tally", unit_of_work(mongo), Judge(book, REGISTRY.topics, Bugs()), NoSealer(), finish=events)
        consumer = Consumer(
            Kafka(bench.kafka, bench.prefix),
            ConsumerSettings(group=group, topics=(TOPIC,), max_records=batch),
            lane=lane,
            decode=timed_decode,
            metrics=Metrics(),
        )
        running = asyncio.create_task(consumer.run())
        finished = asyncio.create_task(lane.done.wait())
        await asyncio.wait({running, finished}, return_when=asyncio.FIRST_COMPLETED)
        rate = lane.applied / (time.perf_counter() - started[0])
        consumer.stop()
        await running
        return Round(rate, await written(mongo))


def command(number: int) -> Command:
    """One command with an idempotency key, as HTTP hands it in."""
    id_ = new_id()
    scope = sha256(id_.encode()).hexdigest()
    cause = Cause("COUNTED", id_, id_)
    return Command(Count(f"tally-{number}", 1), cause, Idempotency(scope, b"0" * 32))


async def command_rate(bench: Bench, *, group: int, concurrent: int, commands: int) -> Round:
    """Commands per second with so many callers waiting at once."""
    async with database(bench, bench.fresh()) as mongo, lane_of(mongo, group) as bus:
        numbers = iter(range(commands))

        async def caller() -> None:
            for number in numbers:
                await bus.submit(command(number))

        started = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(concurrent)))
        rate = commands / (time.perf_counter() - started)
        return Round(rate, await written(mongo))


async def lone_p50_ms(bench: Bench, *, group: int, commands: int) -> Round:
    """Median milliseconds of a command that has no company."""
    async with database(bench, bench.fresh()) as mongo, lane_of(mongo, group) as bus:
        took = []
        for number in range(commands):
            started = time.perf_counter()
            await bus.submit(command(number))
            took.append(time.perf_counter() - started)
        return Round(median(took) * 1000, await written(mongo))


class lane_of:  # noqa: N801 - reads as a function where it is used
    """A command bus whose lane runs."""

    def __init__(self, mongo: Mongo, group: int) -> None:
        self.bus = CommandBus(unit_of_work(mongo), book, (Tally,), group=group)
        self.stop = asyncio.Event()

    async def __aenter__(self) -> CommandBus:
        """Start the lane."""
        self.lane = asyncio.create_task(self.bus.run(self.stop))
        return self.bus

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        self.stop.set()
        await self.lane


async def relay(bench: Bench, mongo: Mongo, rows: int) -> float:
    """Rows per second until the outbox is empty."""
    leases = MongoLeases(mongo)
    settings = RelaySettings(name=bench.fresh(), shards=(0, 1, 2, 3))
    relaying = Relay(
        Kafka(bench.kafka, bench.prefix), settings, outbox=MongoOutbox(mongo), leases=leases, metrics=Metrics()
    )
    outbox, started = mongo.native_collection("outbox"), time.perf_counter()
    running = asyncio.create_task(relaying.run())
    while await outbox.find_one({}, {"_id": 1}):
        await asyncio.sleep(0.02)
    rate = rows / (time.perf_counter() - started)
    relaying.stop()
    await running
    return rate
