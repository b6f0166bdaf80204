"""The real side of the stateful test: workers, a releaser and a relay on real servers, one example after another."""

import asyncio
from collections import Counter, defaultdict
from contextlib import suppress
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events.incoming import Partition
from shared.messaging.relay import Relay, RelaySettings
from shared.messaging.settings import Kafka
from shared.mongo.client import Mongo
from shared.mongo.leases import MongoLeases
from shared.mongo.outbox import MongoOutbox
from shared.observability.metrics import Metrics
from tests.chaos.killing import crash
from tests.support.ledger import Ledger
from tests.support.ledger_model import Model, Told

OUTPUTS = ("ledger-reports", "dead-letters")
KEPT = ("inbox", "timeline", "accounts", "parked", "parked_heads", "dead_letters", "quarantine", "audit", "progress")


class World:
    """Two workers' clients and the topics; what an example leaves is wiped before the next."""

    def __init__(self, mongos: list[Mongo], bootstrap: str, prefix: str) -> None:
        self.mongos = mongos
        self.kafka = Kafka(bootstrap, prefix)
        self.workers = [Ledger(mongo) for mongo in mongos]
        self._reader = AIOKafkaConsumer(**Kafka(bootstrap).client(), enable_auto_commit=False, fetch_max_wait_ms=20)
        self._places = [TopicPartition(prefix + topic, 0) for topic in OUTPUTS]

    async def start(self) -> None:
        """Read from the topics' ends on."""
        await self._reader.start()
        self._reader.assign(self._places)
        await self._reader.seek_to_beginning()

    async def close(self) -> None:
        """Let go of the topics."""
        await self._reader.stop()

    async def wipe(self) -> None:
        """An empty database, two new workers, nothing unread."""
        for name in (*KEPT, "outbox", "keys", "leases"):
            await self.mongos[0].collection(name).delete_many({})
        await self._unread()
        for index in range(len(self.workers)):
            self.renew(index)

    def renew(self, index: int) -> None:
        """A worker that knows nothing, in place of one that died."""
        self.workers[index] = Ledger(self.mongos[index])

    async def take(self, index: int, partitions: list[Partition]) -> None:
        """A worker gets the partitions."""
        await self.workers[index].lane.positions(partitions)

    async def apply(self, index: int, batch: list[Told], step: str | None = None) -> None:
        """A worker applies a batch, or dies at a step of it."""
        worker = self.workers[index]
        records = [worker.decode(told.record) for told in batch]
        with crash(worker, step or "never"):
            await worker.lane.apply(records)

    async def saved(self, partition: Partition) -> int:
        """The progress that the database has."""
        row = (
            await self.mongos[0]
            .collection("progress")
            .find_one({"_id": f"ledger|{partition.topic}|{partition.number}"})
        )
        return int(row["next"]) if row else 0

    async def sweep(self, index: int, step: str | None = None) -> None:
        """A worker's releaser goes round, or dies at a step."""
        with crash(self.workers[index], step or "never"):
            await self.workers[index].releaser.sweep()

    async def relay(self, failing: str | None = None) -> None:
        """A relay empties the outbox; at one step it fails once."""
        left = [failing]

        def probe(step: str) -> None:
            if step == left[0]:
                left.clear()
                left.append(None)
                raise RuntimeError("told to")

        mongo = self.mongos[0]
        settings = RelaySettings(name="ledger", shards=(0, 1, 2, 3), sweep_s=0.05, keep_s=0.1)
        relay = Relay(
            self.kafka, settings, outbox=MongoOutbox(mongo), leases=MongoLeases(mongo), metrics=Metrics(), probe=probe
        )
        running = asyncio.create_task(relay.run())
        async with asyncio.timeout(20):
            while not running.done() and await mongo.collection("outbox").count_documents({}):
                await asyncio.sleep(0.02)
        relay.stop()
        await running

    async def _unread(self) -> list[Any]:
        ends = await self._reader.end_offsets(self._places)
        found: list[Any] = []
        while [p for p in self._places if await self._reader.position(p) < ends[p]]:
            for records in (await self._reader.getmany(timeout_ms=200)).values():
                found += records
        return found

    async def same(self, model: Model) -> None:
        """The database holds what the model says."""
        rows = {name: await self.workers[0].rows(name) for name in KEPT}
        assert _logs(rows["accounts"]) == _by_topic(model), "effects"
        outcomes = {_own_id(row["_id"]): row["outcome"] for row in rows["inbox"]}
        assert outcomes == {key: outcome for key, (outcome, _) in model.inbox.items()}, "inbox"
        assert _parked(rows) == {key: [t.place[1:] for t in h.rows] for key, h in model.parked.items()}, "parked"
        assert {(r["topic"], r["key"]) for r in rows["parked_heads"] if r["releasing"]} == {
            key for key, head in model.parked.items() if head.releasing
        }, "marked for release"
        assert len(rows["dead_letters"]) + len(rows["quarantine"]) == len(model.aside), "set aside"
        effects = sum(map(len, model.logs.values()))
        assert Counter(row["outcome"] == "OK" for row in rows["audit"]) == Counter(
            {True: effects, False: model.alarms}
        ), "audit"
        saved = {row["_id"]: row["next"] for row in rows["progress"]}
        assert saved == {f"ledger|{p.topic}|{p.number}": n for p, n in model.next.items()}, "progress"

    async def published(self, model: Model) -> None:
        """All that was emitted is in Kafka, and first deliveries of each key count up from one."""
        await self.relay()
        first: defaultdict[tuple[str, bytes], dict[int, str]] = defaultdict(dict)
        for record in await self._unread():
            event = orjson.loads(record.value)
            first[record.topic, record.key].setdefault(event["sequence"], event["id"])
        for address, numbers in first.items():
            assert list(numbers) == list(range(1, len(numbers) + 1)), address
        told: Counter[str] = Counter()
        for (topic, _), numbers in first.items():
            told[topic.removeprefix(self.kafka.topic_prefix)] += len(numbers)
        assert told == +model.emitted, "emitted"


def _own_id(id_: str) -> tuple[str, str]:
    _, topic, _, event_id = id_.split("|", 3)
    return topic, event_id


def _logs(accounts: list[dict[str, Any]]) -> dict[str, Any]:
    """Amounts tell their topic: a partner's are negative. Between topics there is no order."""
    return {
        row["_id"]: ([n for n in row["log"] if n > 0], [n for n in row["log"] if n < 0], row["version"])
        for row in accounts
    }


def _by_topic(model: Model) -> dict[str, Any]:
    return {
        id_: ([n for _, n in log if n > 0], [n for _, n in log if n < 0], len(log)) for id_, log in model.logs.items()
    }


def _parked(rows: dict[str, list[dict[str, Any]]]) -> dict[tuple[str, str], list[tuple[int, int]]]:
    heads = {row["_id"]: (row["topic"], row["key"]) for row in rows["parked_heads"]}
    found: dict[tuple[str, str], list[tuple[int, int]]] = {key: [] for key in heads.values()}
    for row in sorted(rows["parked"], key=lambda row: row["position"]):
        with suppress(KeyError):
            found[heads[row["head"]]].append((row["partition"], row["offset"]))
    assert sum(map(len, found.values())) == len(rows["parked"]), "a row without its head"
    counts = {heads[row["_id"]]: row["count"] for row in rows["parked_heads"]}
    assert counts == {key: len(places) for key, places in found.items()}, "a head miscounts"
    return found
