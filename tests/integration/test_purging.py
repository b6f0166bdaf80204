"""What a partner must not send: LPSK's topic with a residence on it, and where that residence is afterwards."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer
from bson import json_util

from shared.events.partner_v1 import ProtectionSubmitted
from shared.kernel.clock import system_clock
from shared.service.definition import Role
from tests.support.addresses import Addresses
from tests.support.cases import Cases, event_bytes, running_cases
from tests.support.declared_topics import bytes_in, declared_topics
from tests.support.platform import until

pytestmark = pytest.mark.integration

RESIDENCE = b"KANARI-TEMPAT-TINGGAL"
TOPIC = "partner-lpsk"


def submitted(number: str) -> bytes:
    """A proper fact; of a file nobody knows, so it will stand in quarantine."""
    fact = ProtectionSubmitted(occurred_at=system_clock(), foreign_no=number, applicant="VICTIM")
    return event_bytes(TOPIC, fact, key=number, id_=number)


@pytest.fixture
async def cases(stack: Addresses, unique: str) -> AsyncIterator[Cases]:
    async with declared_topics(stack, unique), running_cases(stack, unique, role=Role.ALL) as running:
        yield running


async def send(cases: Cases, *values: bytes) -> None:
    """As LPSK's own system would."""
    kafka = cases.runtime.kafka
    async with AIOKafkaProducer(**kafka.client(), acks="all") as producer:
        for value in values:
            await producer.send_and_wait(kafka.actual(TOPIC), value, key=b"one")


async def on_topic(cases: Cases) -> bytes:
    """Everything that can still be consumed."""
    return b"\n".join(await bytes_in(cases.runtime.kafka, TOPIC))


async def test_a_residence_that_lpsk_sends_is_refused_and_leaves_the_topic(cases: Cases) -> None:
    wrong = submitted("P-2").replace(b'"foreign_no"', b'"residence":"' + RESIDENCE + b'","foreign_no"')
    await send(cases, submitted("P-1").replace(b'"partitionkey":"P-1"', b'"partitionkey":"one"'), wrong)

    async def gone() -> bool:
        rows = await cases.rows("dead_letters")
        return bool(rows) and all(row["purged"] for row in rows)

    await until(gone, timeout_s=40)
    assert RESIDENCE not in await on_topic(cases)
    held = json_util.dumps([await cases.rows(name) for name in ("dead_letters", "quarantine", "outbox", "audit")])
    assert RESIDENCE.decode() not in held
    assert {row["sealed"] for row in await cases.rows("dead_letters") if row["reason"] == "UNKNOWN_FIELD"} == {None}


async def test_what_comes_after_is_still_consumed(cases: Cases) -> None:
    await send(cases, b"{")
    await until(lambda: purged(cases), timeout_s=40)
    await send(cases, submitted("P-3").replace(b'"partitionkey":"P-3"', b'"partitionkey":"one"'))
    await until(lambda: cases.rows("quarantine"), timeout_s=40)


async def purged(cases: Cases) -> bool:
    """Whether all dead letters' records are gone."""
    rows = await cases.rows("dead_letters")
    return bool(rows) and all(row["purged"] for row in rows)
