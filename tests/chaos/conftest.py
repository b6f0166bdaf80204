"""One ledger per test: topics, a database, a publisher, processes and the oracle over them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymongo
import pytest

from tests.support.addresses import Addresses
from tests.support.ledger import OWN, PARTNER, RIVAL
from tests.support.messaging import topics
from tests.support.oracle import Oracle
from tests.support.processes import LedgerProcess, Processes
from tests.support.publishing import Publisher, publisher

INPUTS = (OWN, PARTNER, RIVAL)
TRANSACTION_LIFE_S = 6
OUTPUTS = ("ledger-reports", "dead-letters", "audit-checkpoints")


@dataclass
class Site:
    """What a failure test needs."""

    addresses: Addresses
    database: str
    prefix: str
    publisher: Publisher
    processes: Processes
    oracle: Oracle

    async def start(self, *more: str, **options: Any) -> LedgerProcess:
        """A ledger process."""
        return await self.processes.start(*more, **options)


@asynccontextmanager
async def site(addresses: Addresses, unique: str, logs: Path, partitions: int = 3) -> AsyncIterator[Site]:
    """Made for one test, and nothing of it stays."""
    bootstrap = addresses.kafka_bootstrap
    processes = Processes(addresses, unique, unique, logs)
    async with (
        topics(bootstrap, [unique + name for name in (*INPUTS, *OUTPUTS)], partitions),
        publisher(bootstrap, unique) as ours,
    ):
        oracle = Oracle(addresses.mongo_uri, unique, bootstrap, unique, INPUTS, OUTPUTS)
        try:
            yield Site(addresses, unique, unique, ours, processes, oracle)
        finally:
            await processes.end()


@pytest.fixture(scope="session", autouse=True)
def brief_transactions(stack: Addresses) -> None:
    """Whoever is killed inside a transaction leaves its locks until the server ends it: by default after a minute.

    Installations set ten seconds; the tests are as impatient as their consumers' sessions.
    """
    with pymongo.MongoClient[dict[str, object]](stack.mongo_uri) as client:
        client.admin.command({"setParameter": 1, "transactionLifetimeLimitSeconds": TRANSACTION_LIFE_S})


@pytest.fixture
async def ours(stack: Addresses, unique: str, tmp_path: Path) -> AsyncIterator[Site]:
    """A site with three partitions per topic."""
    async with site(stack, unique, tmp_path) as made:
        yield made
