"""Each process and each partner has its own account at Kafka and may do what its work needs, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from shared.events.registry import load_topics
from shared.messaging.access import access_admin
from shared.messaging.settings import Kafka
from shared.messaging.topics import KafkaRefused, topic_admin
from tests.support.access import Accounts, accounts
from tests.support.addresses import Addresses

pytestmark = pytest.mark.integration

PARTNERS = ("lpsk", "bp2mi", "police")
OURS = ("intake-events", "case-events", "notice-events", "staff-events", "dead-letters")


@pytest.fixture(scope="module")
async def given(stack: Addresses, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Accounts]:
    """Accounts as the operator makes them."""
    if not stack.guarded:
        pytest.skip("these servers have no access control")
    async with accounts(stack, f"t{uuid4().hex[:10]}-", tmp_path_factory.mktemp("passwords")) as made:
        yield made


async def write(given: Accounts, account: str, topic: str, **options: object) -> None:
    """One record, acknowledged."""
    async with AIOKafkaProducer(**given.kafka(account), acks="all", request_timeout_ms=5000, **options) as producer:
        await producer.send_and_wait(given.topic(topic), b"{}", key=b"k")


async def read(given: Accounts, account: str, topic: str, within_s: float = 8.0) -> list[bytes]:
    """The first records that are found, read without a group."""
    consumer = AIOKafkaConsumer(**given.kafka(account), auto_offset_reset="earliest", request_timeout_ms=5000)
    async with consumer:
        places = [TopicPartition(given.topic(topic), number) for number in range(3)]
        consumer.assign(places)
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            found = await consumer.getmany(timeout_ms=500)
            if found:
                return [record.value for records in found.values() for record in records]
    return []


async def seen(given: Accounts, account: str) -> set[str]:
    """The platform's topics that brokers tell this account of."""
    async with AIOKafkaConsumer(**given.kafka(account)) as consumer:
        names = await consumer.topics()
    return {name.removeprefix(given.prefix) for name in names if name.startswith(given.prefix)}


async def join(given: Accounts, account: str, topic: str, group: str) -> None:
    """Become a member of a group and ask for its position."""
    options = {"group_id": given.topic(group), "auto_offset_reset": "earliest", "enable_auto_commit": False}
    consumer = AIOKafkaConsumer(given.topic(topic), **given.kafka(account), **options)
    try:
        await consumer.start()
        await asyncio.wait_for(consumer.getmany(timeout_ms=500), 10)
        await asyncio.wait_for(consumer.committed(TopicPartition(given.topic(topic), 0)), 5)
    finally:
        await consumer.stop()


@pytest.mark.parametrize("partner", PARTNERS)
async def test_a_partner_writes_to_its_own_topic_and_reads_its_agencys(given: Accounts, partner: str) -> None:
    await write(given, partner, f"partner-{partner}")
    await write(given, partner, f"partner-{partner}", enable_idempotence=True)
    await write(given, "cases-relay", f"agency-{partner}")
    assert await read(given, partner, f"agency-{partner}") == [b"{}"]
    await join(given, partner, f"agency-{partner}", f"{partner}-files")


@pytest.mark.parametrize("partner", PARTNERS)
async def test_a_partner_writes_to_no_other_topic(given: Accounts, partner: str) -> None:
    others = [f"partner-{other}" for other in PARTNERS if other != partner]
    for topic in (*others, *(f"agency-{each}" for each in PARTNERS), *OURS):
        with pytest.raises(TopicAuthorizationFailedError) as refused:
            await write(given, partner, topic)
        assert refused.value.errno == 29


@pytest.mark.parametrize("partner", PARTNERS)
async def test_of_all_topics_a_partner_knows_its_own_two(given: Accounts, partner: str) -> None:
    assert await seen(given, partner) == {f"partner-{partner}", f"agency-{partner}"}


@pytest.mark.parametrize("topic", ["agency-bp2mi", "case-events"])
async def test_a_partner_reads_nothing_of_a_topic_that_is_not_its_own(given: Accounts, topic: str) -> None:
    await write(given, "cases-relay", topic)
    assert await read(given, "lpsk", topic, within_s=1.5) == []
    assert await read(given, {"agency-bp2mi": "bp2mi", "case-events": "notify-worker"}[topic], topic) != []


async def test_a_partner_cannot_read_back_what_stands_on_its_own_topic(given: Accounts) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        await read(given, "lpsk", "partner-lpsk")


@pytest.mark.parametrize("group", ["cases", "notify", "bp2mi-files", "lpsk"])
async def test_a_partner_joins_no_group_of_others(given: Accounts, group: str) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        await join(given, "lpsk", "agency-lpsk", group)


async def test_a_partner_gets_no_transaction(given: Accounts) -> None:
    producer = AIOKafkaProducer(**given.kafka("lpsk"), transactional_id=given.topic("lpsk-t"), request_timeout_ms=5000)
    try:
        with pytest.raises(TransactionalIdAuthorizationFailed):
            await producer.start()
    finally:
        await producer.stop()


async def test_a_partner_over_its_quota_is_slowed_down_and_nobody_else(given: Accounts) -> None:
    async def took(account: str, topic: str) -> float:
        began = time.monotonic()
        async with AIOKafkaProducer(**given.kafka(account), acks="all") as producer:
            for _ in range(4):
                await producer.send_and_wait(given.topic(topic), b"x" * 100_000)
        return time.monotonic() - began

    name = given.prefix + "police"
    async with access_admin(given.operator.kafka()) as admin:
        usual = (await admin.quotas())[name]
        await admin.set_quotas(name, {"producer_byte_rate": 20_000.0})
        try:
            await asyncio.sleep(0.5)  # until the broker has heard of it
            assert await took("police", "partner-police") > 2.0
            assert await took("bp2mi", "partner-bp2mi") < 2.0
        finally:
            await admin.set_quotas(name, usual)
    assert {"producer_byte_rate", "consumer_byte_rate", "request_percentage"} == usual.keys()


async def test_who_relays_cannot_read_and_who_works_cannot_write(given: Accounts) -> None:
    await write(given, "cases-relay", "case-events")
    assert await read(given, "notify-worker", "case-events")
    for account, topic in (("cases-worker", "case-events"), ("intake-relay", "case-events")):
        with pytest.raises(TopicAuthorizationFailedError):
            await write(given, account, topic)
    with pytest.raises(TopicAuthorizationFailedError):
        await read(given, "cases-relay", "case-events")
    assert not [name for name in await seen(given, "notify-worker") if name.startswith(("partner-", "agency-"))]
    with pytest.raises(GroupAuthorizationFailedError):
        await join(given, "notify-worker", "case-events", "cases")


async def test_only_who_consumes_a_partners_topic_deletes_its_records(given: Accounts) -> None:
    await write(given, "lpsk", "partner-lpsk")
    for account, allowed in (("cases-worker", True), ("notify-worker", False), ("lpsk", False)):
        client = given.kafka(account)
        brokers = client.pop("bootstrap_servers")
        async with topic_admin(Kafka(brokers, given.prefix, client)) as admin:
            spec = load_topics()["partner-lpsk"]
            if allowed:
                assert (await admin.purge(spec, {0: 0})).keys() == {0}
            else:
                with pytest.raises((KafkaRefused, KafkaError)):
                    await admin.purge(spec, {0: 0})


async def test_who_has_no_account_or_a_wrong_password_is_not_let_in(given: Accounts) -> None:
    brokers = Kafka(given.stack.kafka_bootstrap).brokers
    for address in (brokers, f"{given.prefix}lpsk:wrong@{brokers}", f"nobody:wrong@{brokers}"):
        producer = AIOKafkaProducer(**Kafka(address).client(), request_timeout_ms=2000)
        with pytest.raises((KafkaConnectionError, KafkaError)):
            await asyncio.wait_for(producer.start(), 15)
        await producer.stop()


def test_no_password_is_readable_by_others(given: Accounts) -> None:
    files = list(Path(given.operator.passwords).iterdir())
    assert len(files) >= 9 + 8
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert len({file.read_text() for file in files}) == len(files)
