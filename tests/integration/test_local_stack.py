"""The local stack as people and tests use it: real servers, started and ended in every way."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pymongo
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from pymongo.errors import AutoReconnect

from deploy.local.state import process_runs
from shared.messaging.settings import Kafka
from tests.support.addresses import Addresses

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PULANG = [sys.executable, "-m", "deploy.cli", "local"]


def pulang(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PULANG, *words, "--dir", str(folder)], cwd=ROOT, capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip


def status(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(pulang("status", "--json", folder=folder).stdout)
    return said


def pids(state: dict[str, Any]) -> list[int]:
    return [state["supervisor_pid"], *(server["pid"] for server in state["servers"])]


def all_gone(processes: list[int], within_s: float = 10.0) -> bool:
    deadline = monotonic() + within_s
    while any(map(process_runs, processes)) and monotonic() < deadline:
        sleep(0.05)
    return not any(map(process_runs, processes))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "local"
    yield folder
    pulang("down", "--discard", "--yes", folder=folder)


async def create_topic(bootstrap: str, name: str, copies: int = 1) -> None:
    admin = AIOKafkaAdminClient(**Kafka(bootstrap).client())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, copies)])
    finally:
        await admin.close()


async def send(bootstrap: str, topic: str, *values: bytes) -> None:
    async with AIOKafkaProducer(**Kafka(bootstrap).client(), acks="all", max_request_size=4_000_000) as producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """The first `count` values of the topic's only partition."""
    consumer = AIOKafkaConsumer(topic, **Kafka(bootstrap).client(), auto_offset_reset="earliest")
    async with consumer:
        return [(await consumer.getone()).value for _ in range(count)]


async def test_what_was_written_is_there_when_the_stack_comes_up_again(folder: Path) -> None:
    assert pulang("up", "--detach", folder=folder).returncode == 0
    first = status(folder)
    await create_topic(first["kafka_bootstrap"], "kept")
    await send(first["kafka_bootstrap"], "kept", b"one")
    with pymongo.MongoClient[dict[str, Any]](first["mongo_uri"]) as client:
        client.kept.things.insert_one({"_id": 1})

    assert pulang("down", folder=folder).returncode == 0
    assert all_gone(pids(first))
    assert pulang("status", folder=folder).returncode == 1

    assert pulang("up", "--detach", folder=folder).returncode == 0
    second = status(folder)
    assert second["mongo_uri"] != first["mongo_uri"]  # other ports, the same replica set
    with pymongo.MongoClient[dict[str, Any]](second["mongo_uri"]) as client:
        assert client.kept.things.find_one() == {"_id": 1}
    assert await read(second["kafka_bootstrap"], "kept", 1) == [b"one"]


def test_up_twice_is_one_stack(folder: Path) -> None:
    first, second = (pulang("up", "--detach", folder=folder) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == second.stdout
    assert pulang("up", folder=folder).returncode == 2
    assert pulang("up", "--detach", "--nodes", "3", folder=folder).returncode == 2


def test_a_missing_server_shows_in_status_and_its_log_in_logs(folder: Path) -> None:
    pulang("up", "--detach", folder=folder)
    broker = next(server for server in status(folder)["servers"] if server["name"] == "kafka-1")
    os.kill(broker["pid"], signal.SIGKILL)
    assert all_gone([broker["pid"]])
    assert pulang("status", folder=folder).returncode == 1
    assert {s["name"]: s["alive"] for s in status(folder)["servers"]} == {"mongod-1": True, "kafka-1": False}
    assert "kafka-1 | " in pulang("logs", folder=folder).stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_whatever_ends_the_command(folder: Path, number: signal.Signals) -> None:
    command = [*PULANG, "up", "--dir", str(folder), "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as up:
        assert up.stdout is not None
        state = json.loads(up.stdout.readline())
        assert all(map(process_runs, pids(state)))
        up.send_signal(number)
        assert up.wait(30) == (0 if number != signal.SIGKILL else -signal.SIGKILL)
    assert all_gone(pids(state))
    assert pulang("status", folder=folder).returncode == 1


def test_nothing_is_left_when_it_is_broken_off_half_way(folder: Path) -> None:
    command = [*PULANG, "up", "--dir", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
        log = folder / "nodes-1" / "mongod-1.log"
        while not log.exists():
            sleep(0.01)
        up.send_signal(signal.SIGINT)
        assert up.wait(30) == 0
    assert not (folder / "stack.json").exists()
    assert servers_below(folder) == []


def servers_below(folder: Path) -> list[str]:
    """Command lines of all processes that were given a path below the folder."""
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    return [line.decode() for line in lines if str(folder).encode() in line]


async def test_topics_are_not_made_by_writing_to_them(kafka_bootstrap: str, unique: str) -> None:
    async with AIOKafkaProducer(**Kafka(kafka_bootstrap).client(), request_timeout_ms=1500) as producer:
        with pytest.raises(KafkaError):
            await producer.send_and_wait(f"{unique}-misspelt", b"x")


async def test_a_value_of_two_megabytes_is_accepted(kafka_bootstrap: str, unique: str) -> None:
    await create_topic(kafka_bootstrap, unique)
    await send(kafka_bootstrap, unique, b"x" * 2_000_000)
    assert [len(value) for value in await read(kafka_bootstrap, unique, 1)] == [2_000_000]


def test_transactions_and_injected_failures_are_possible(mongo_uri: str, unique: str) -> None:
    with pymongo.MongoClient[dict[str, Any]](mongo_uri, retryWrites=False) as client:
        things = client[unique].things
        with client.start_session() as session, session.start_transaction():
            things.insert_one({"_id": 1}, session=session)
        failure = {"failCommands": ["insert"], "closeConnection": True, "appName": unique}
        client.admin.command("configureFailPoint", "failCommand", mode={"times": 1}, data=failure)
    with pymongo.MongoClient[dict[str, Any]](mongo_uri, retryWrites=False, appname=unique) as client:
        with pytest.raises(AutoReconnect):
            client[unique].things.insert_one({"_id": 2})
        client[unique].things.insert_one({"_id": 2})
        assert client[unique].things.count_documents({}) == 2


def test_every_test_has_names_of_its_own(unique: str, stack: Addresses, request: pytest.FixtureRequest) -> None:
    assert unique.isalnum()
    assert stack.mongo_uri == request.getfixturevalue("mongo_uri")
    assert stack.kafka_bootstrap == request.getfixturevalue("kafka_bootstrap")
