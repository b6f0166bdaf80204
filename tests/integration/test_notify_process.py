"""Notify's worker as a process of its own, between a real Kafka, a real database and a real mail server."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.mailbox import Behaviour, Mailbox, serving
from services.notify.commands import SetAddressBook
from services.notify.domain.delivery import Delivery
from services.notify.domain.notice import Notice
from shared.events.registry import registry
from shared.kernel.ids import new_id
from shared.messaging.settings import Kafka
from shared.mongo.client import Mongo
from shared.mongo.reader import MongoReader
from tests.support.messaging import topics
from tests.support.notify import UPTD, desk, notify, progressed, record, states

pytestmark = [pytest.mark.integration, pytest.mark.chaos]


@asynccontextmanager
async def worker(environment: dict[str, str]) -> AsyncIterator[Process]:
    """The worker; killed at the end unless it ended before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.notify", "worker", env={**os.environ, **environment}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until(holds: Callable[[], Awaitable[bool]], timeout_s: float = 30) -> None:
    """Wait for something to come true."""
    async with asyncio.timeout(timeout_s):
        while not await holds():
            await asyncio.sleep(0.05)


async def test_a_worker_killed_in_the_middle_of_a_mail_never_sends_it_again(
    mongo_uri: str, kafka_bootstrap: str, unique: str, tmp_path: Path
) -> None:
    box = Mailbox(tmp_path, Behaviour.STALL)
    async with notify(mongo_uri, unique, tmp_path) as setting_up:
        await setting_up.submit(SetAddressBook(UPTD, (desk(),)))
    names = [f"{unique}-{name}" for name in registry().consumed_by("notify")]
    mongo = Mongo(mongo_uri, unique)
    reader = MongoReader(mongo)

    async def mails() -> list[Delivery]:
        return await reader.find(Delivery, {"channel": "EMAIL"}, sort=[("_id", 1)], limit=10)

    async def arrived() -> bool:
        return len(box.messages()) == 1

    async def unknown() -> bool:
        return states(await mails()) == [("UNKNOWN", "OUTCOME_UNKNOWN", 1)]

    async def second_is_sent() -> bool:
        return [state for state, *_ in states(await mails())] == ["UNKNOWN", "SENT"]

    async with topics(kafka_bootstrap, names), serving(box) as port:
        environment = environment_for(mongo_uri, kafka_bootstrap, unique, port)
        first, second = record(progressed(), 0, new_id()), record(progressed(), 1, new_id())
        async with worker(environment) as process:
            await publish(kafka_bootstrap, f"{unique}-case-events", first.value)
            await until(arrived)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert [state for state, *_ in states(await mails())] == ["SENDING"]
        box.behaviour = Behaviour.ACCEPT
        async with worker(environment) as process:
            await publish(kafka_bootstrap, f"{unique}-case-events", first.value)  # the broker delivers it again
            await until(unknown)
            await publish(kafka_bootstrap, f"{unique}-case-events", second.value)
            await until(second_is_sent)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    assert len(box.messages()) == 2
    assert len(await reader.find(Notice, {}, sort=[("_id", 1)], limit=10)) == 2
    await mongo.close()


def environment_for(mongo_uri: str, kafka_bootstrap: str, unique: str, mail_port: int) -> dict[str, str]:
    """A local notify that shares nothing with other tests."""
    values = {
        "LOCAL": "true", "MONGO_URI": mongo_uri, "MONGO_DATABASE": unique, "KEY_DATABASE": f"{unique}_keys",
        "KAFKA_BOOTSTRAP": kafka_bootstrap, "TOPIC_PREFIX": f"{unique}-", "HTTP_PORT": "0",
        "CONSUMER_SESSION_TIMEOUT_S": "6", "MAIL_PORT": str(mail_port), "MAIL_TLS": "none", "MAIL_STEP_S": "1",
        "MAIL_SENDER": "pulang@ntt.example",
    }  # fmt: skip
    return {f"PULANG_NOTIFY_{name}": value for name, value in values.items()}


async def publish(bootstrap: str, topic: str, value: bytes | None) -> None:
    """One event onto its topic."""
    async with AIOKafkaProducer(**Kafka(bootstrap).client()) as producer:
        await producer.send_and_wait(topic, value, key=b"case-1")
