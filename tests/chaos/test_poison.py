"""Bad bytes through a real broker, each between two good events of the same key."""

import orjson
import pytest

from tests.chaos.conftest import Site
from tests.support.ledger import OWN, PARTNER, added
from tests.support.oracle import IGNORED, absent_from_database, absent_from_files, absent_from_kafka, canary
from tests.support.poison import Poison, for_partners_only, matrix

pytestmark = [pytest.mark.integration, pytest.mark.chaos]


async def publish(ours: Site, topic: str, key: str, poison: Poison) -> None:
    """Good, bad, good."""
    await ours.publisher.add(key, topic)
    raw = poison.key if poison.key != b"" else key.encode()
    fate = None if poison.own_id else poison.reason
    how = {"id_": poison.own_id, "key_text": key, "fate": fate, "headers": poison.headers}
    await (await ours.publisher.raw(raw, poison.value, topic, **how))
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


async def test_a_bad_message_of_our_own_parks_its_key_with_its_reason_and_the_others_flow(ours: Site) -> None:
    poisons = matrix("k", OWN, "kanari")
    process = await (await ours.start()).ready()
    for n, _ in enumerate(poisons):
        await publish(ours, OWN, f"k{n}", matrix(f"k{n}", OWN, "kanari")[n])
    await ours.publisher.add("other")
    counts = await ours.oracle.judge(ours.publisher.journal)
    alone = [poison for poison in poisons if poison.key != b""]
    assert counts["parked"] == 2 * len(poisons) - len(alone)  # it and what came behind it
    assert counts["timeline"] == len(poisons) + len(alone) + 1
    assert process.alive
    await process.terminate()


async def test_what_a_newer_release_of_ours_may_send_is_no_fault(ours: Site) -> None:
    tree = orjson.loads(added("k", 7, id_="newer"))
    await (await ours.start()).ready()
    await ours.publisher.add("k")
    extra = orjson.dumps({**tree, "wilayah": "53.71"})
    await (await ours.publisher.raw(b"k", extra, OWN, id_="newer", key_text="k"))
    unknown = orjson.dumps({**tree, "id": "unknown", "type": "id.pulang.test.amount.guessed.v1"})
    await (await ours.publisher.raw(b"k", unknown, OWN, key_text="k", fate=IGNORED))
    await ours.publisher.add("k")
    counts = await ours.oracle.judge(ours.publisher.journal)
    assert (counts["timeline"], counts["parked"]) == (3, 0)
