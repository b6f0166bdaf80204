"""The relay against a real Kafka: order per key, acknowledged prefixes, failures of every kind, leases."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber

from shared.events.frame import HEADERS
from shared.messaging.ports import Outgoing
from shared.messaging.producer import Producer
from shared.messaging.relay import Relay, RelaySettings
from shared.messaging.settings import Kafka
from shared.observability.metrics import Metrics
from tests.support.messaging import MemoryLeases, MemoryOutbox, read_all, read_records, running, topics, until

pytestmark = pytest.mark.integration


def relay(bootstrap: str, prefix: str, outbox: MemoryOutbox, leases: MemoryLeases | None = None, **more: Any) -> Relay:
    """A relay of one shard; `probe` may be among the settings."""
    probe = more.pop("probe", lambda _: None)
    settings = RelaySettings(**({"name": "test", "shards": (0,)} | more))
    leases = leases or MemoryLeases({}, "one")
    return Relay(Kafka(bootstrap, prefix), settings, outbox=outbox, leases=leases, metrics=Metrics(), probe=probe)


def first_deliveries(found: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Values per key in the order of their first delivery."""
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for key, value in found:
        if value not in by_key[key]:
            by_key[key].append(value)
    return dict(by_key)


def fill(outbox: MemoryOutbox, keys: int, each: int) -> dict[str, list[str]]:
    """Rows whose values count up per key; answers what has to be delivered."""
    for n in range(each):
        for key in range(keys):
            outbox.add("out", f"k{key}", f"{n}".encode())
    return {f"k{key}": [str(n) for n in range(each)] for key in range(keys)}


class FlakyProducer(Producer):
    """Fails once, on request: before sending, or after it (an outcome that only looks like a failure)."""

    fail_at: int = 0
    after: bool = False
    sends: int = 0

    async def send(self, topic: str, partition: int, rows: Sequence[Outgoing]) -> int:
        self.sends += 1
        failing = self.sends == self.fail_at
        if failing and not self.after:
            raise KafkaConnectionError
        count = await super().send(topic, partition, rows)
        if failing:
            raise KafkaConnectionError
        return count


async def test_delivers_in_order_and_empties_the_outbox(kafka_bootstrap: str, unique: str) -> None:
    outbox, topic, points = MemoryOutbox(), unique + "out", list[str]()
    async with topics(kafka_bootstrap, [topic]):
        expected = fill(outbox, 7, 100)
        part = relay(kafka_bootstrap, unique, outbox, page=50, probe=points.append)
        async with running(part):
            await until(lambda: not outbox.held)
            outbox.add("out", "k0", b"late")
            outbox.wake()
            began = time.monotonic()
            await until(lambda: not outbox.held)
            assert time.monotonic() - began < 0.5, "a wake should not wait for the next sweep"
            outbox.add("out", "k0", b"unannounced")
            await until(lambda: not outbox.held, 3)
            assert part.check() is None
        found = await read_all(kafka_bootstrap, topic)
        sent = await read_records(kafka_bootstrap, topic)
    expected["k0"] += ["late", "unannounced"]
    assert first_deliveries(found) == expected
    assert len(found) == 702
    assert {record.headers for record in sent} == {HEADERS}
    assert set(points) == {"after_send", "after_delete"}


@pytest.mark.parametrize("after", [False, True], ids=["not-sent", "sent-but-unknown"])
async def test_a_failed_send_stops_its_keys_until_it_is_resolved(
    kafka_bootstrap: str, unique: str, after: bool
) -> None:
    outbox, topic = MemoryOutbox(), unique + "out"
    async with topics(kafka_bootstrap, [topic], partitions=2):
        expected = fill(outbox, 6, 60)
        part = relay(kafka_bootstrap, unique, outbox, page=30, sweep_s=0.5)
        flaky = part.producer = FlakyProducer(Kafka(kafka_bootstrap, unique), max_batch_bytes=400)
        flaky.fail_at, flaky.after = 3, after
        deleted_at_failure: list[str] = []
        watch = watcher(flaky, outbox, deleted_at_failure)
        async with running(part):
            await until(watch)
            await until(lambda: not outbox.held)
            assert flaky.generation == 2
        found = await read_all(kafka_bootstrap, topic)
    assert first_deliveries(found) == expected
    assert prefixes(deleted_at_failure)
    assert (len(found) > 360) == after


def watcher(flaky: FlakyProducer, outbox: MemoryOutbox, into: list[str]) -> Callable[[], bool]:
    """True once the failing sweep is over; `into` then holds the rows that had been deleted by that time."""
    everything = list(outbox.held)

    def seen() -> bool:
        if flaky.sends < flaky.fail_at:
            return False
        into[:] = [id_ for id_ in everything if id_ not in outbox.held]
        return bool(into)

    return seen


def prefixes(ids: Sequence[str]) -> bool:
    """Whether the sequences of each key are 1..n."""
    by_key: defaultdict[str, list[int]] = defaultdict(list)
    for id_ in ids:
        _, key, sequence = id_.rsplit("-", 2)
        by_key[key].append(int(sequence))
    return all(sorted(found) == list(range(1, len(found) + 1)) for found in by_key.values())


async def test_a_row_that_is_too_large_holds_up_its_own_key_only(kafka_bootstrap: str, unique: str) -> None:
    outbox, topic = MemoryOutbox(), unique + "out"
    async with topics(kafka_bootstrap, [topic], partitions=1, **{"max.message.bytes": "20000"}):
        fill(outbox, 3, 5)
        huge = outbox.add("out", "k1", b"x" * 30_000)
        expected = fill(outbox, 3, 10)
        part = relay(kafka_bootstrap, unique, outbox, sweep_s=0.1, refused_s=1.5)
        async with running(part):
            await until(lambda: len(outbox.held) == 11)
            assert part.check() == "REFUSED_AS_TOO_LARGE"
            generation = part.producer.generation
            await asyncio.sleep(0.5)
            assert part.producer.generation == generation, "a refused key must not cost a producer per sweep"
            del outbox.held[huge.id]  # an operator takes it out
            await until(lambda: not outbox.held)
            await until(lambda: part.check() is None)
        found = await read_all(kafka_bootstrap, topic)
    assert {key: len([v for k, v in found if k == key]) for key in expected} == {"k0": 15, "k1": 15, "k2": 15}


async def test_a_topic_that_does_not_exist_holds_up_no_other(kafka_bootstrap: str, unique: str) -> None:
    outbox, topic = MemoryOutbox(), unique + "out"
    async with topics(kafka_bootstrap, [topic]):
        expected = fill(outbox, 3, 5)
        lost = outbox.add("nowhere", "k", b"0")
        async with running(relay(kafka_bootstrap, unique, outbox)):
            await until(lambda: list(outbox.held) == [lost.id])
        found = await read_all(kafka_bootstrap, topic)
    assert first_deliveries(found) == expected


async def test_another_relay_takes_over_within_a_second(kafka_bootstrap: str, unique: str) -> None:
    outbox, topic, table = MemoryOutbox(), unique + "out", dict[str, tuple[str, float]]()
    async with topics(kafka_bootstrap, [topic]):
        fill(outbox, 3, 5)
        first = relay(kafka_bootstrap, unique, outbox, MemoryLeases(table, "first", ttl_s=30))
        second = relay(kafka_bootstrap, unique, outbox, MemoryLeases(table, "second", ttl_s=30))
        async with running(first):
            await until(lambda: not outbox.held)
            async with running(second):
                await asyncio.sleep(1)
                assert table["test/0"][0] == "first"
                first.stop()
                outbox.add("out", "k0", b"next")
                began = time.monotonic()
                await until(lambda: not outbox.held)
                assert time.monotonic() - began < 1
                assert table["test/0"][0] == "second"
        assert table == {}


async def test_sends_nothing_more_once_the_lease_has_lapsed_in_a_sweep(kafka_bootstrap: str, unique: str) -> None:
    outbox, topic, table = MemoryOutbox(), unique + "out", dict[str, tuple[str, float]]()
    pages = 0

    def freeze_at_third() -> None:
        nonlocal pages
        pages += 1
        if pages == 3:
            time.sleep(1.2)  # as a stopped process: the loop stands still beyond the lease
            table["test/0"] = ("other", asyncio.get_running_loop().time() + 2)

    async with topics(kafka_bootstrap, [topic]):
        expected = fill(outbox, 5, 40)
        outbox.on_page = freeze_at_third
        part = relay(kafka_bootstrap, unique, outbox, MemoryLeases(table, "one", ttl_s=1.2), page=20, keep_s=0.1)
        async with running(part):
            await until(lambda: table.get("test/0", ("", 0))[0] == "other")
            await asyncio.sleep(0.3)
            left = len(outbox.held)
            await asyncio.sleep(1)
            assert len(outbox.held) == left >= 120
            await until(lambda: not outbox.held)
        found = await read_all(kafka_bootstrap, topic)
    assert first_deliveries(found) == expected


async def test_an_outbox_that_fails_is_swept_again(kafka_bootstrap: str, unique: str) -> None:
    outbox, topic = MemoryOutbox(), unique + "out"
    fails = 2

    def fail() -> None:
        nonlocal fails
        fails -= 1
        if fails >= 0:
            raise ConnectionError("the database went away")

    outbox.on_page = fail
    async with topics(kafka_bootstrap, [topic]):
        expected = fill(outbox, 3, 20)
        async with running(relay(kafka_bootstrap, unique, outbox, page=10, sweep_s=0.1)):
            await until(lambda: not outbox.held)
        found = await read_all(kafka_bootstrap, topic)
    assert first_deliveries(found) == expected


async def test_a_producer_is_of_no_more_use_after_a_gap_and_a_new_one_is(kafka_bootstrap: str, unique: str) -> None:
    topic = unique + "out"
    small, large = Outgoing("1", "out", "k", 1, b"a"), Outgoing("2", "out", "k", 2, b"x" * 30_000)
    async with topics(kafka_bootstrap, [topic], partitions=1, **{"max.message.bytes": "20000"}):
        producer = Producer(Kafka(kafka_bootstrap, unique))
        await producer.start()
        try:
            assert await producer.send("out", 0, [small]) == 1
            with pytest.raises(MessageSizeTooLargeError):
                await producer.send("out", 0, [large])
            with pytest.raises(OutOfOrderSequenceNumber):
                await producer.send("out", 0, [small])
            await producer.replace()
            assert await producer.send("out", 0, [small, small]) == 2
        finally:
            await producer.stop()
        assert len(await read_all(kafka_bootstrap, topic)) == 3


async def test_brokers_accept_a_gap_from_a_producer_they_do_not_know(kafka_bootstrap: str, unique: str) -> None:
    """The reason why no batch may follow a failed one: brokers would not notice."""
    topic = unique + "out"
    small, large = Outgoing("1", "out", "k", 1, b"a"), Outgoing("2", "out", "k", 2, b"x" * 30_000)
    async with topics(kafka_bootstrap, [topic], partitions=1, **{"max.message.bytes": "20000"}):
        producer = Producer(Kafka(kafka_bootstrap, unique))
        await producer.start()
        try:
            with pytest.raises(MessageSizeTooLargeError):
                await producer.send("out", 0, [large])
            assert await producer.send("out", 0, [small]) == 1
        finally:
            await producer.stop()


async def test_what_a_replaced_producer_still_held_is_not_delivered_by_it(kafka_bootstrap: str, unique: str) -> None:
    topic = unique + "out"
    async with topics(kafka_bootstrap, [topic], partitions=1):
        producer = Producer(Kafka(kafka_bootstrap, unique))
        await producer.start()
        await producer.send("out", 0, [Outgoing("1", "out", "k", 1, b"a")])
        sending = asyncio.create_task(producer.send("out", 0, [Outgoing("2", "out", "k", 2, b"b")]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await producer.replace()
        with pytest.raises(KafkaError):
            await asyncio.wait_for(sending, 2)
        assert await producer.send("out", 0, [Outgoing("3", "out", "k", 3, b"c")]) == 1
        await producer.stop()
        values = [value for _, value in await read_all(kafka_bootstrap, topic)]
    assert values == ["a", "c"]
