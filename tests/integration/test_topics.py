"""`pulang topics` and what it stands on, against a real Kafka."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.events.registry import TopicSpec, load_topics
from shared.messaging.settings import Kafka
from shared.messaging.topics import KafkaRefused, compare, topic_admin, wanted
from tests.support.addresses import Addresses
from tests.support.messaging import publish, read_all, topics

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


def pulang(verb: str, bootstrap: str, prefix: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run `pulang topics`."""
    words = [sys.executable, "-m", "deploy.cli", "topics", verb, "--bootstrap", bootstrap, "--prefix", prefix, *more]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def spec(name: str, **more: Any) -> TopicSpec:
    """A declared topic."""
    base: dict[str, Any] = {"kind": "own", "key": "case", "producers": ("cases",), "partitions": 3, "types": {}}
    return TopicSpec(name=name, **base | more)


@pytest.fixture
async def admin(kafka_bootstrap: str, unique: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """The test's own connection; the topics of this test are deleted afterwards."""
    client = AIOKafkaAdminClient(**Kafka(kafka_bootstrap).client())
    await client.start()
    yield client
    mine = [name for name in await client.list_topics() if name.startswith(unique)]
    if mine:
        await client.delete_topics(mine)
    await client.close()


async def settings_of(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    """A topic's settings as the broker tells them."""
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    [(_, _, _, _, entries)] = answer.resources
    return {entry[0]: entry[1] for entry in entries}


async def test_apply_creates_what_the_platform_declares_and_check_agrees(
    kafka_bootstrap: str, unique: str, admin: AIOKafkaAdminClient
) -> None:
    before = pulang("check", kafka_bootstrap, unique, "--json")
    assert before.returncode == 1
    assert {row["topic"] for row in json.loads(before.stdout)} == {unique + name for name in load_topics()}
    applied = pulang("apply", kafka_bootstrap, unique, "--json")
    assert applied.returncode == 0, applied.stderr
    assert all(row["repaired"] for row in json.loads(applied.stdout))
    assert pulang("check", kafka_bootstrap, unique).returncode == 0
    again = pulang("apply", kafka_bootstrap, unique, "--json")
    assert (again.returncode, json.loads(again.stdout)) == (0, [])
    described = {t["topic"]: len(t["partitions"]) for t in await admin.describe_topics()}
    assert {name: described[unique + name] for name in load_topics()} == {
        name: each.partitions for name, each in load_topics().items()
    }
    staff = await settings_of(admin, unique + "staff-events")
    assert (staff["cleanup.policy"], staff["retention.ms"]) == ("compact", "-1")
    partner = await settings_of(admin, unique + "partner-lpsk")
    assert (partner["cleanup.policy"], partner["retention.ms"]) == ("delete", str(7 * 86_400_000))


async def test_apply_sets_what_differs_and_leaves_partitions_alone(
    kafka_bootstrap: str, unique: str, admin: AIOKafkaAdminClient
) -> None:
    await admin.create_topics([NewTopic(unique + "one", 3, 1, topic_configs={"retention.ms": "1000"})])
    await admin.create_topics([NewTopic(unique + "two", 2, 1)])
    specs = [spec("one"), spec("two")]
    async with topic_admin(Kafka(kafka_bootstrap, unique)) as ours:
        assert ("one", "retention.ms", "1000") in found_in(await ours.check(specs), unique)
        await ours.apply(specs)
        left = await ours.check(specs)
        assert found_in(left, unique) == {("two", "partitions", "2")}
        assert not left[0].repairable
        await admin.create_partitions({unique + "two": NewPartitions(3)})
        assert await ours.check(specs) == []
    assert (await settings_of(admin, unique + "one"))["retention.ms"] == str(30 * 86_400_000)


def found_in(differences: Any, prefix: str) -> set[tuple[str, str, str | None]]:
    """Differences in short."""
    return {(d.topic.removeprefix(prefix), d.what, d.found) for d in differences}


async def test_partitions_that_differ_make_apply_exit_1(
    kafka_bootstrap: str, unique: str, admin: AIOKafkaAdminClient
) -> None:
    await admin.create_topics([NewTopic(unique + "case-events", 1, 1)])
    answer = pulang("apply", kafka_bootstrap, unique, "--json")
    assert answer.returncode == 1
    left = [row for row in json.loads(answer.stdout) if not row["repaired"]]
    assert [(row["topic"], row["what"]) for row in left] == [(unique + "case-events", "partitions")]


def test_no_broker_and_misuse_exit_2(stack: Addresses, unique: str) -> None:
    answer = pulang("check", "127.0.0.1:1", unique)
    assert answer.returncode == 2
    assert len(answer.stderr.strip().splitlines()) == 1
    assert pulang("check", stack.kafka_bootstrap, unique, "--nonsense").returncode == 2


async def test_purge_deletes_a_partners_records_up_to_our_progress(kafka_bootstrap: str, unique: str) -> None:
    topic = unique + "partner-x"
    partner = spec("partner-x", kind="partner", partner="LPSK", consumers=("cases",), partitions=1)
    async with topics(kafka_bootstrap, [topic], partitions=1):
        await publish(kafka_bootstrap, topic, [("k", f"{n}") for n in range(10)])
        async with topic_admin(Kafka(kafka_bootstrap, unique)) as ours:
            assert await ours.purge(partner, {0: 6}) == {0: 6}
            assert [value for _, value in await read_all(kafka_bootstrap, topic)] == ["6", "7", "8", "9"]
            with pytest.raises(KafkaRefused):
                await ours.purge(partner, {0: 60})
            with pytest.raises(ValueError, match="not a partner's"):
                await ours.purge(spec("case-events", consumers=("notify", "intake")), {0: 1})


def test_three_brokers_hold_three_copies_and_an_ack_means_two() -> None:
    shape = wanted(spec("one"), Kafka("", "p-"), brokers=5)
    assert (shape.name, shape.copies, shape.settings["min.insync.replicas"]) == ("p-one", 3, "2")
    assert wanted(spec("one"), Kafka(""), brokers=1).settings["min.insync.replicas"] == "1"
    assert compare(shape, shape) == []
