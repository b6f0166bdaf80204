"""Bad bytes through a real broker, each between two good events of the same key."""

import pytest

from tests.chaos.conftest import Site
from tests.support.ledger import PARTNER
from tests.support.oracle import absent_from_database, absent_from_files, absent_from_kafka, canary
from tests.support.poison import Poison, for_partners_only, matrix

pytestmark = [pytest.mark.integration, pytest.mark.chaos]


async def publish(ours: Site, topic: str, key: str, poison: Poison) -> None:
    """Good, bad, good."""
    await ours.publisher.add(key, topic)
    raw = poison.key if poison.key != b"" else key.encode()
    sending = ours.publisher.raw(raw, poison.value, topic, key_text=key, fate=poison.reason, headers=poison.headers)
    await (await sending)
    await ours.publisher.add(key, topic)


async def test_a_partners_bad_message_is_set_aside_with_its_reason_and_nothing_waits_for_it(ours: Site) -> None:
    planted = canary()
    poisons = matrix("k", PARTNER, planted)
    process = await (await ours.start()).ready()
    for n, _ in enumerate(poisons):
        key = f"k{n}"
        await publish(ours, PARTNER, key, matrix(key, PARTNER, planted)[n])
    for n, poison in enumerate(for_partners_only("k", planted)):
        await publish(ours, PARTNER, f"p{n}", poison)
    counts = await ours.oracle.judge(ours.publisher.journal)
    assert counts["dead_letters"] == len(poisons) + 3
    assert counts["timeline"] == 2 * counts["dead_letters"]
    assert process.alive
    await process.terminate()
    await absent_from_kafka([planted], ours.addresses.kafka_bootstrap, [ours.prefix + t for t in ours.oracle.outputs])
    await absent_from_database([planted], ours.addresses.mongo_uri, [ours.database])
    absent_from_files([planted], ours.processes.logs)
