"""`python -m bench`: measure, print a table, write `bench/results.json`. Exit code 1 where a goal is missed."""

import asyncio
import json
import os
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import ours
from bench.compare import Result, Round, compare
from bench.floors import consumer as floor_consumer
from bench.floors import per_event as floor_per_event
from bench.floors import relay as floor_relay
from bench.tally import KEYS, REPORTS, Bench, database, fill, make_topics, records_on
from shared.mongo.client import Mongo
from shared.service.starting import spare_collector

EVENTS = 6000
PER_EVENT = 400
COMMANDS = 1200
LONE = 150
ROWS = 6000
RESULTS = Path(__file__).with_name("results.json")


@contextmanager
def servers() -> Iterator[Bench]:
    """A stack of this run's own, or the one that the environment gives."""
    prefix = f"b{uuid.uuid4().hex[:6]}-"
    if os.environ.get("PULANG_TEST_STACK") == "given":
        yield Bench(os.environ["PULANG_TEST_MONGO_URI"], os.environ["PULANG_TEST_KAFKA"], prefix)
        return
    from tests.stack import own_stack

    with tempfile.TemporaryDirectory() as folder, own_stack(Path(folder) / "stack") as stack:
        yield Bench(stack.mongo_uri, stack.kafka_bootstrap, prefix)


async def measure(bench: Bench) -> AsyncIterator[Result]:
    """Each comparison in turn."""
    await make_topics(bench)
    await fill(bench, EVENTS)
    yield await compare(
        "consumer",
        lambda: ours.consume(bench, EVENTS, 500),
        lambda: floor_consumer.consume(bench, EVENTS, 500),
        unit="events/s",
        goal=0.4,
    )
    yield await compare(
        "consumer-vs-per-event",
        lambda: ours.consume(bench, EVENTS, 500),
        lambda: floor_per_event.consume(bench, PER_EVENT),
        unit="events/s",
        goal=10,
    )
    yield await compare(
        "commands",
        lambda: ours.command_rate(bench, group=64, concurrent=32, commands=COMMANDS),
        lambda: ours.command_rate(bench, group=1, concurrent=32, commands=COMMANDS // 2),
        unit="commands/s",
        goal=2,
    )
    yield await compare(
        "commands-alone-p50",
        lambda: ours.lone_p50_ms(bench, group=64, commands=LONE),
        lambda: ours.lone_p50_ms(bench, group=1, commands=LONE),
        unit="ms",
        goal=1.2,
        at_most=True,
    )
    yield await compare(
        "relay",
        lambda: with_outbox(bench, lambda mongo: ours.relay(bench, mongo, ROWS)),
        lambda: with_outbox(bench, lambda mongo: floor_relay.relay(bench, mongo)),
        unit="rows/s",
        goal=0.6,
    )


async def with_outbox(bench: Bench, relay: Callable[[Mongo], Awaitable[float]]) -> Round:
    """Relay a full outbox; what was written is on the topic."""
    async with database(bench, bench.fresh()) as mongo:
        await fill_outbox(mongo)
        before = await records_on(bench, REPORTS)
        rate = await relay(mongo)
        return Round(rate, await records_on(bench, REPORTS) - before)


async def fill_outbox(mongo: Mongo) -> None:
    """Rows as units of work leave them."""
    now, value = datetime.now(UTC), b'{"filler": "' + b"x" * 400 + b'"}'
    rows = [
        {
            "_id": uuid.uuid4().hex,
            "shard": number % 4,
            "topic": REPORTS,
            "key": f"tally-{number % KEYS}",
            "sequence": number // KEYS + 1,
            "value": value,
            "at": now,
        }
        for number in range(ROWS)
    ]
    await mongo.collection("outbox").insert_many(rows)


def show(results: list[Result]) -> None:
    """A table for people."""
    table = Table("name", "ours", "floor", "ratio", "spread", "goal", "met")
    for r in results:
        bound = "" if r.goal is None else f"{'≤' if r.at_most else '≥'} {r.goal}"
        table.add_row(
            r.name,
            f"{r.ours:g} {r.unit}",
            f"{r.floor:g}",
            f"{r.ratio:g}",
            f"{r.spread[0]:g}-{r.spread[1]:g}",
            bound,
            str(r.met),
        )
    Console().print(table)


async def run() -> int:
    """Measure everything, ours and floors with the collector as the services have it."""
    spare_collector()
    results = []
    with servers() as bench:
        async for result in measure(bench):
            print(f"{result.name}: {result.ratio:g}", file=sys.stderr)
            results.append(result)
    RESULTS.write_text(json.dumps([r.document() for r in results], indent=1) + "\n")
    show(results)
    return 0 if all(r.met is not False for r in results) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(run()))
