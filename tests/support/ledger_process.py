"""The ledger as processes of its own: `python -m tests.support.ledger_process --role all …`.

It runs what a service's process runs, with the ledger's rules. SIGTERM drains it; a crash point ends it in the middle.
"""

import argparse
import asyncio
import itertools
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import uvloop

from shared.kernel.probe import Probe, crash_at
from shared.kernel.timer import Timer
from shared.mongo.client import Mongo
from shared.mongo.indexes import ensure
from shared.observability.logging import configure_logging
from shared.service.definition import Role, Service
from shared.service.runtime import Runtime
from shared.service.settings import ServiceSettings
from shared.service.starting import live
from tests.support.ledger import REGISTRY, Account, Broken, PlainSealer, book

SESSION_TIMEOUT_S = 6.0


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Where the servers are, what to do, and where to crash."""
    parser = argparse.ArgumentParser()
    for name in ("mongo", "database", "kafka", "prefix"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--role", choices=list(Role), default=Role.ALL)
    parser.add_argument("--crash-at")
    parser.add_argument("--crash-on", type=int, default=1, help="at which of its visits to that step")
    parser.add_argument("--broken", action="append", default=[], help="an account whose events are refused")
    parser.add_argument("--batch", type=int, default=500)
    return parser.parse_args(argv)


def runtime(given: argparse.Namespace, mongo: Mongo) -> Runtime:
    """The same parts as a service's, around the ledger's rules."""
    settings = ServiceSettings(
        local=True,
        mongo_uri=given.mongo,
        mongo_database=given.database,
        kafka_bootstrap=given.kafka,
        topic_prefix=given.prefix,
        consumer_batch=given.batch,
        consumer_session_timeout_s=SESSION_TIMEOUT_S,
        http_port=0,
    )
    service = Service(name="ledger", rules=book, kinds=(Account,))
    made = Runtime(service, settings, mongo, PlainSealer(), registry=REGISTRY)
    if given.crash_at:
        made.probe = made.uow.probe = crash_on(given.crash_at, given.crash_on)
    return made


def crash_on(step: str, visit: int) -> Probe:
    """A probe that ends the process at one of its visits to a step."""
    crash, visits = crash_at(step), itertools.count(1)

    def probe(reached: str) -> None:
        if reached == step and next(visits) == visit:
            crash(reached)

    return probe


@asynccontextmanager
async def opened(given: argparse.Namespace) -> AsyncIterator[Runtime]:
    """The runtime on its database."""
    Broken.accounts = set(given.broken)
    mongo = Mongo(given.mongo, given.database)
    await ensure(mongo, (Account, Timer))
    try:
        yield runtime(given, mongo)
    finally:
        await mongo.close()


def main(argv: Sequence[str]) -> None:
    """Never returns; ends as a service's process does, without joining threads."""
    configure_logging()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        given = arguments(argv)
        code = runner.run(live(opened(given), Role(given.role)))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
