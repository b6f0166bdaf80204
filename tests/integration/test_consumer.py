"""The consumer against a real Kafka: order, progress, rebalances, fences, pressure and the way out."""

import asyncio
import time
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from shared.events.frame import OVERSIZED
from shared.events.incoming import Incoming, Partition, Record
from shared.messaging.assignment import LogStartsLater
from shared.messaging.settings import Kafka
from shared.messaging.watchdog import Stalled
from tests.support.messaging import Effects, MemoryLane, consumer, incoming, publish, running, topics, until

pytestmark = pytest.mark.integration


def numbered(keys: int, each: int, first: int = 0) -> list[tuple[str, str]]:
    """(key, value) pairs, keys taking turns, values counting up per key."""
    return [(f"k{key}", f"k{key}:{n}") for n in range(first, first + each) for key in range(keys)]


def in_order(effects: Effects, keys: int, each: int) -> bool:
    """Whether every key has all its values, once and in order."""
    expected = {f"k{key}": [f"k{key}:{n}" for n in range(each)] for key in range(keys)}
    return dict(effects.applied) == expected


def has_worked(lane: MemoryLane) -> bool:
    """Whether this member got its share."""
    return len(lane.batches) > 3


async def committed(bootstrap: str, group: str, topic: str, partitions: int) -> dict[int, int | None]:
    """The group's offsets as a lag tool sees them."""
    tool = AIOKafkaConsumer(**Kafka(bootstrap).client(), group_id=group, enable_auto_commit=False)
    await tool.start()
    try:
        return {p: await tool.committed(TopicPartition(topic, p)) for p in range(partitions)}
    finally:
        await tool.stop()


async def test_applies_each_key_in_order_and_commits_for_lag_tools(kafka_bootstrap: str, unique: str) -> None:
    effects, topic = Effects(), unique + "in"
    async with topics(kafka_bootstrap, [topic]):
        await publish(kafka_bootstrap, topic, numbered(10, 300))
        points: list[str] = []
        part = consumer(kafka_bootstrap, unique, MemoryLane(effects), probe=points.append)
        async with running(part):
            await until(lambda: effects.total == 3000)
            assert part.check() is None
        offsets = await committed(kafka_bootstrap, unique + "group", topic, 3)
    assert in_order(effects, 10, 300)
    assert offsets == {p.number: n for p, n in effects.next.items()}
    assert {"after_fetch", "after_offset_commit"} <= set(points)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_reads_whatever_a_producer_compresses_with(kafka_bootstrap: str, unique: str, codec: str) -> None:
    effects, topic = Effects(), unique + "in"
    async with topics(kafka_bootstrap, [topic], **{"compression.type": codec}):  # the broker compresses for us
        await publish(kafka_bootstrap, topic, numbered(2, 10))
        async with running(consumer(kafka_bootstrap, unique, MemoryLane(effects))):
            await until(lambda: effects.total == 20)
    assert in_order(effects, 2, 10)


async def test_batches_stay_within_records_and_bytes(kafka_bootstrap: str, unique: str) -> None:
    effects, topic = Effects(), unique + "in"
    async with topics(kafka_bootstrap, [topic], partitions=1):
        await publish(kafka_bootstrap, topic, [("k", f"{n}" + "x" * 1000) for n in range(500)])
        lane = MemoryLane(effects)
        async with running(consumer(kafka_bootstrap, unique, lane, max_records=100, max_bytes=20_000)):
            await until(lambda: effects.total == 500)
    assert max(lane.batches) <= 20


async def test_goes_on_at_the_saved_progress_whatever_the_group_says(kafka_bootstrap: str, unique: str) -> None:
    effects, topic = Effects(), unique + "in"
    async with topics(kafka_bootstrap, [topic]):
        await publish(kafka_bootstrap, topic, numbered(5, 40))
        async with running(consumer(kafka_bootstrap, unique, MemoryLane(effects))):
            await until(lambda: effects.total == 200)
        await publish(kafka_bootstrap, topic, numbered(5, 10, first=40))
        async with running(consumer(kafka_bootstrap, unique, MemoryLane(effects), group="another")):
            await until(lambda: effects.total == 250)
        tool = AIOKafkaConsumer(**Kafka(kafka_bootstrap).client(), group_id=unique + "group")
        await tool.start()
        tool.assign([TopicPartition(topic, p) for p in range(3)])
        await tool.commit({TopicPartition(topic, p): 0 for p in range(3)})  # the group forgot
        await tool.stop()
        await publish(kafka_bootstrap, topic, numbered(5, 10, first=50))
        async with running(consumer(kafka_bootstrap, unique, MemoryLane(effects))):
            await until(lambda: effects.total == 300)
    assert in_order(effects, 5, 60)


async def test_two_consumers_lose_nothing_and_invert_nothing_while_a_third_comes_and_goes(
    kafka_bootstrap: str, unique: str
) -> None:
    effects, topic = Effects(), unique + "in"
    keys, each, joined = 12, 0, asyncio.Event()

    async def load() -> None:
        nonlocal each
        while not joined.is_set():
            await publish(kafka_bootstrap, topic, numbered(keys, 10, first=each))
            each += 10
            await asyncio.sleep(0.1)

    async with topics(kafka_bootstrap, [topic], partitions=6):
        lanes = [MemoryLane(effects, pause_s=0.05) for _ in range(5)]
        parts = [consumer(kafka_bootstrap, unique, lane, max_records=40) for lane in lanes]
        async with running(parts[0]), running(parts[1]):
            loading = asyncio.create_task(load())
            for part, lane in zip(parts[2:], lanes[2:], strict=True):
                async with running(part):
                    await until(partial(has_worked, lane))
            joined.set()
            await loading
            await until(lambda: effects.total >= keys * each, 40)
    assert in_order(effects, keys, each)


async def test_reads_positions_again_when_fenced(kafka_bootstrap: str, unique: str) -> None:
    effects, topic = Effects(), unique + "in"
    async with topics(kafka_bootstrap, [topic], partitions=1):
        await publish(kafka_bootstrap, topic, numbered(1, 50))
        lane = MemoryLane(effects)
        async with running(consumer(kafka_bootstrap, unique, lane, max_records=10)):
            await until(lambda: effects.total == 50)
            effects.next[Partition("in", 0)] = 30  # somebody moved our progress back
            effects.applied["k0"] = effects.applied["k0"][:30]
            await publish(kafka_bootstrap, topic, numbered(1, 10, first=50))
            await until(lambda: len(effects.applied["k0"]) == 60)
    assert lane.fenced >= 1
    assert in_order(effects, 1, 60)


async def test_a_halted_partition_stands_and_the_others_go_on(kafka_bootstrap: str, unique: str) -> None:
    effects, topic = Effects(), unique + "in"
    async with topics(kafka_bootstrap, [topic], partitions=6):
        await publish(kafka_bootstrap, topic, numbered(12, 20))
        lane = MemoryLane(effects)
        lane.halts = {"k3:5"}
        part = consumer(kafka_bootstrap, unique, lane)
        async with running(part):
            await until(lambda: "HALTED" in (part.check() or "") and len(stands(effects)) == 1)
            assert part.check() == f"HALTED in/{stands(effects)[0]}"
            await publish(kafka_bootstrap, topic, numbered(12, 20, first=20))
            standing = stands(effects)
            await until(lambda: all(len(v) == 40 for v in effects.applied.values()) and len(effects.applied) >= 6)
            assert stands(effects) == standing
    assert "k3" not in effects.applied


def stands(effects: Effects) -> list[int]:
    """Partitions without progress."""
    return [n for n in range(6) if Partition("in", n) not in effects.next]


async def test_back_pressure_pauses_bounds_memory_and_keeps_the_membership(kafka_bootstrap: str, unique: str) -> None:
    effects, topic = Effects(), unique + "in"
    decoded = 0

    def decode(record: Record) -> Incoming:
        nonlocal decoded
        decoded += 1
        return incoming(record)

    gate = asyncio.Event()
    async with topics(kafka_bootstrap, [topic], partitions=2):
        await publish(kafka_bootstrap, topic, numbered(4, 500))
        lane = MemoryLane(effects)
        lane.before = gate.wait
        part = consumer(
            kafka_bootstrap, unique, lane, max_records=50, decode=decode, pressure_s=0.2, waiting=lambda: True
        )
        async with running(part):
            await asyncio.sleep(9)  # longer than the session
            held = decoded
            paused = part._client.paused()
            gate.set()
            await until(lambda: effects.total == 2000)
            assert lane.fenced == 0
    assert held <= 100
    assert len(paused) == 2
    assert in_order(effects, 4, 500)


async def test_stops_under_load_with_the_batch_applied_and_committed(kafka_bootstrap: str, unique: str) -> None:
    effects, topic = Effects(), unique + "in"
    async with topics(kafka_bootstrap, [topic]):
        await publish(kafka_bootstrap, topic, numbered(10, 500))
        part = consumer(kafka_bootstrap, unique, MemoryLane(effects, pause_s=0.3), max_records=100)
        async with running(part):
            await until(lambda: effects.total >= 200)
        stopped_at = effects.total
        assert stopped_at < 5000
        offsets = await committed(kafka_bootstrap, unique + "group", topic, 3)
        assert {p: n for p, n in offsets.items() if n is not None} == {p.number: n for p, n in effects.next.items()}
        began = time.monotonic()
        async with running(consumer(kafka_bootstrap, unique, MemoryLane(effects))):
            await until(lambda: effects.total > stopped_at)
            assert time.monotonic() - began < 3, "the group was not left at once"
            await until(lambda: effects.total == 5000)
    assert in_order(effects, 10, 500)


async def test_a_log_that_starts_after_the_progress_ends_the_process(kafka_bootstrap: str, unique: str) -> None:
    effects, topic = Effects(), unique + "in"
    async with topics(kafka_bootstrap, [topic], partitions=1):
        await publish(kafka_bootstrap, topic, numbered(1, 50))
        effects.next[Partition("in", 0)] = 10
        admin = AIOKafkaAdminClient(**Kafka(kafka_bootstrap).client())
        await admin.start()
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(20)})
        await admin.close()
        with pytest.raises(LogStartsLater):
            await asyncio.wait_for(consumer(kafka_bootstrap, unique, MemoryLane(effects)).run(), 20)
    assert effects.total == 0


async def test_an_error_of_the_lane_ends_the_process(kafka_bootstrap: str, unique: str) -> None:
    effects, topic = Effects(), unique + "in"

    async def fail() -> None:
        raise ZeroDivisionError

    async with topics(kafka_bootstrap, [topic], partitions=1):
        await publish(kafka_bootstrap, topic, numbered(1, 5))
        lane = MemoryLane(effects)
        lane.before = fail
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(consumer(kafka_bootstrap, unique, lane).run(), 20)


async def test_a_stalled_lane_is_noticed_unless_it_waits_for_the_database(kafka_bootstrap: str, unique: str) -> None:
    topic, outage = unique + "in", True
    async with topics(kafka_bootstrap, [topic], partitions=1):
        await publish(kafka_bootstrap, topic, numbered(1, 5))
        lane = MemoryLane(Effects())
        lane.before = asyncio.Event().wait
        part = consumer(kafka_bootstrap, unique, lane, stall_s=2.0, waiting=lambda: outage)
        task = asyncio.create_task(part.run())
        await asyncio.sleep(5)
        assert not task.done()
        outage = False
        with pytest.raises(Stalled):
            await asyncio.wait_for(task, 15)


@pytest.mark.parametrize("codec", ["gzip", "lz4", "zstd"])
async def test_a_partners_bomb_passes_and_what_is_around_it_is_applied(
    kafka_bootstrap: str, unique: str, codec: str
) -> None:
    """The broker lets it in: its limit counts compressed bytes."""
    effects, topic = Effects(), unique + "in"
    bomb = b"a" * 30_000_000
    big = {"max_request_size": 1 << 26, "max_batch_size": 1 << 26, "compression_type": codec}
    async with topics(kafka_bootstrap, [topic], partitions=1):
        await publish(kafka_bootstrap, topic, [("k", "before")])
        async with AIOKafkaProducer(**Kafka(kafka_bootstrap).client(), **big) as producer:
            sent = await producer.send_and_wait(topic, bomb, key=b"k")
        await publish(kafka_bootstrap, topic, [("k", "after")])
        seen: list[Record] = []

        def look(record: Record) -> Incoming:
            seen.append(record)
            return Incoming(record, identity=str(record.offset))

        async with running(consumer(kafka_bootstrap, unique, MemoryLane(effects), decode=look)):
            await until(lambda: effects.total == 3)
    assert [record.offset for record in seen] == [0, sent.offset, 2]
    assert [OVERSIZED in record.headers for record in seen] == [False, True, False]
    assert max(record.size for record in seen) < 200_000
