"""The servers that tests run against: one real MongoDB replica set and one real Kafka for the whole run.

`PULANG_TEST_STACK` says where they come from, and the tests don't know the difference:
- `local` (default): child processes, by the same code as `pulang local up`;
- `containers`: testcontainers, from KAFKA_IMAGE and MONGO_IMAGE;
- `given`: PULANG_TEST_MONGO_URI, PULANG_TEST_KAFKA and, where partners have a listener of their own,
  PULANG_TEST_KAFKA_PARTNERS name a stack that is up, with its administrators' accounts if it has any
  (`operator:password@host:port`), as `pulang local status` prints them.

Servers are shared by all tests of a run, so each test names its databases and topics with `unique`.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymongo
import pytest

from deploy.local.programs import choose_programs
from deploy.local.progress import Progress
from deploy.local.stack import Layout, Stack
from tests.support.addresses import Addresses

SHARED_MEMORY = Path("/dev/shm")
ROOM = 3 * 1024**3


@contextmanager
def data_folder() -> Iterator[Path]:
    """Where the servers' files go: in memory where there is room.

    A test's databases are hundreds of files, and a disk is waited for at each of them, longer than for all else in
    most tests. Nothing is tested less: what a killed process has written stays in memory either way.
    """
    roomy = os.access(SHARED_MEMORY, os.W_OK) and shutil.disk_usage(SHARED_MEMORY).free > ROOM
    place = SHARED_MEMORY if roomy else None
    with tempfile.TemporaryDirectory(prefix="pulang-", dir=place, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def own_stack(nodes: int = 1) -> Iterator[Stack]:
    """A stack for one test that stops, kills or pauses servers; its data is deleted afterwards."""
    progress = Progress(quiet=True)
    with (
        data_folder() as directory,
        Stack(Layout(directory, nodes), choose_programs(nodes, progress), progress) as stack,
    ):
        yield stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Addresses]:
    """Addresses of the servers of this run."""
    source = os.environ.get("PULANG_TEST_STACK", "local")
    if source == "local":
        with own_stack() as local:
            yield Addresses(local.mongo_uri, local.kafka_bootstrap, local.partners_bootstrap)
    elif source == "containers":
        from deploy.local.containers import Images
        from tests.support.containers import containers

        with data_folder() as folder, containers(Images.from_environment(), folder) as addresses:
            yield addresses
    elif source == "given":
        partners = os.environ.get("PULANG_TEST_KAFKA_PARTNERS", "")
        yield Addresses(os.environ["PULANG_TEST_MONGO_URI"], os.environ["PULANG_TEST_KAFKA"], partners)
    else:
        raise pytest.UsageError(f"PULANG_TEST_STACK is {source!r}; it can be local, containers or given")


@pytest.fixture(scope="session")
def mongo_uri(stack: Addresses) -> str:
    """Connection string of the replica set."""
    return stack.mongo_uri


@pytest.fixture(scope="session")
def kafka_bootstrap(stack: Addresses) -> str:
    """The brokers, "host:port,host:port"."""
    return stack.kafka_bootstrap


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> Iterator[str]:
    """A short prefix for this test's databases, topics and groups; its databases are dropped afterwards."""
    prefix = f"t{uuid.uuid4().hex[:10]}"
    mongo_uri = request.getfixturevalue("stack").mongo_uri if "stack" in request.fixturenames else None
    yield prefix
    if mongo_uri:
        _drop_databases(mongo_uri, prefix)


def _drop_databases(mongo_uri: str, prefix: str) -> None:
    with pymongo.MongoClient[dict[str, object]](mongo_uri, serverSelectionTimeoutMS=5000) as client:
        for name in client.list_database_names():
            if name.startswith(prefix):
                client.drop_database(name)
