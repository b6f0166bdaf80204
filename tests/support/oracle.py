"""The common oracle of the failure tests: what must be true once everything has settled.

It reads with clients of its own and knows nothing of the code under test but names of collections and fields.
I1 nothing is lost · I2 each effect once · I3 order and versions · I4 what left, left in order · I5 the audit counts ·
I6 planted canaries are nowhere · I7 all of it within a time.
"""

import asyncio
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient

from shared.messaging.settings import Kafka

Document = dict[str, Any]
Place = tuple[str, int, int]
"""Topic without its prefix, partition, offset."""
COLLECTIONS = (
    "inbox", "timeline", "accounts", "parked", "parked_heads", "dead_letters", "quarantine", "outbox", "keys",
    "progress", "audit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """What a producer noted when the brokers acknowledged. `fate` is the reason for which it must be refused;
    without one, its id must be in the inbox. IGNORED is a fate too: it leaves nothing."""

    topic: str
    partition: int
    offset: int
    key: str
    seq: int
    id: str | None
    source: str
    acked_at: float
    fate: str | None = None

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.topic, self.partition, self.offset


Journal = list[Sent]
IGNORED = "IGNORED"


@dataclass
class Seen:
    """Everything that is in the database and in Kafka at one moment."""

    rows: dict[str, list[Document]]
    inputs: dict[Place, ConsumerRecord[Any, Any]] = field(default_factory=dict)
    outputs: list[ConsumerRecord[Any, Any]] = field(default_factory=list)

    @property
    def refused(self) -> dict[Place, str]:
        """The reason by place of all that was set aside."""
        found = {}
        for name in ("dead_letters", "quarantine"):
            found.update({(r["topic"], r["partition"], r["offset"]): r["reason"] for r in self.rows[name]})
        return found

    @property
    def parked(self) -> dict[Place, str]:
        """The same of what waits behind a head."""
        topics = {head["_id"]: head["topic"] for head in self.rows["parked_heads"]}
        return {(topics[r["head"]], r["partition"], r["offset"]): r["reason"] for r in self.rows["parked"]}

    def events(self, topic: str) -> list[Document]:
        """The envelopes on an output topic (with its prefix), partition by partition."""
        return [orjson.loads(record.value) for record in self.outputs if record.topic == topic]


@dataclass
class Oracle:
    """Reads one ledger's database and topics, and judges."""

    mongo_uri: str
    database: str
    bootstrap: str
    prefix: str
    inputs: Sequence[str]
    outputs: Sequence[str] = ("ledger-reports", "dead-letters")
    consumer: str = "ledger"

    async def settled(self, within_s: float = 60.0) -> float:
        """I7: wait until all that was published is applied and all that was emitted has left; answers the seconds."""
        began = time.monotonic()
        async with AsyncMongoClient[Document](self.mongo_uri) as client, _reader(self.bootstrap) as kafka:
            while missing := await self._missing(client[self.database], kafka):
                took = time.monotonic() - began
                assert took < within_s, f"I7: not settled after {took:.0f} s: {missing}"
                await asyncio.sleep(0.1)
        return time.monotonic() - began

    async def seen(self) -> Seen:
        """Read everything."""
        async with AsyncMongoClient[Document](self.mongo_uri, tz_aware=True) as client:
            names = COLLECTIONS
            rows = {n: await client[self.database][n].find().sort([("_id", 1)]).to_list() for n in names}
        read = await read_topics(self.bootstrap, [self.prefix + t for t in (*self.inputs, *self.outputs)])
        wanted = {self.prefix + topic for topic in self.inputs}
        inputs = {(r.topic.removeprefix(self.prefix), r.partition, r.offset): r for r in read if r.topic in wanted}
        return Seen(rows, inputs, [r for r in read if r.topic not in wanted])

    async def judge(self, journal: Journal, within_s: float = 60.0) -> Counter[str]:
        """All invariants, after everything has settled; answers and prints the counts."""
        took = await self.settled(within_s)
        counts = verify(journal, await self.seen(), self.consumer, self.prefix)
        print(f"settled after {took:.1f} s: {dict(counts)}")
        return counts

    async def applied(self) -> int:
        """How many events the inbox knows by now."""
        async with AsyncMongoClient[Document](self.mongo_uri) as client:
            return await client[self.database]["inbox"].count_documents({})

    async def committed(self) -> dict[str, int]:
        """The group's offsets, by the names that progress has; partitions without any are left out."""
        group = self.prefix + self.consumer
        async with AIOKafkaConsumer(**Kafka(self.bootstrap).client(), group_id=group, enable_auto_commit=False) as tool:
            places = [(topic, place) for topic in self.inputs for place in await _places(tool, self.prefix + topic)]
            found = {f"{self.consumer}|{t}|{place.partition}": await tool.committed(place) for t, place in places}
        return {name: offset for name, offset in found.items() if offset}

    async def _missing(self, database: Any, kafka: AIOKafkaConsumer) -> Document:
        saved = {row["_id"]: row["next"] for row in await database["progress"].find().to_list()}
        missing: Document = {}
        for topic in self.inputs:
            places = await _places(kafka, self.prefix + topic)
            for place, end in (await kafka.end_offsets(places)).items():
                behind = end - saved.get(f"{self.consumer}|{topic}|{place.partition}", 0)
                if behind:
                    missing[f"{topic}/{place.partition}"] = behind
        if left := await database["outbox"].count_documents({}):
            missing["outbox"] = left
        if releasing := await database["parked_heads"].count_documents({"releasing": True}):
            missing["releasing"] = releasing
        return missing


def verify(journal: Journal, seen: Seen, consumer: str = "ledger", prefix: str = "") -> Counter[str]:
    """Judge one moment; raises AssertionError with the invariant's name."""
    nothing_lost(journal, seen, consumer)
    effects_once(seen)
    in_order(journal, seen, consumer)
    left_in_order(seen, prefix)
    audited(seen)
    names = ("inbox", "timeline", "parked", "dead_letters", "quarantine", "audit")
    return Counter({"acked": len(journal), **{name: len(seen.rows[name]) for name in names}})


def nothing_lost(journal: Journal, seen: Seen, consumer: str) -> None:
    """I1: what was acknowledged is in Kafka, and each of it counts once or was set aside for its reason."""
    gone = {sent.place for sent in journal} - seen.inputs.keys()
    assert not gone, f"I1: acknowledged but not in Kafka: {sorted(gone)[:5]}"
    wanted = {_inbox_id(consumer, sent) for sent in journal if sent.fate is None}
    inbox = {row["_id"]: row["outcome"] for row in seen.rows["inbox"]}
    _same("I1: inbox", wanted, inbox.keys())
    aside = seen.refused | seen.parked
    fates = {sent.place: sent.fate for sent in journal if sent.fate not in (None, IGNORED)}
    _same("I1: reasons", set(fates.items()), {(place, aside.get(place)) for place in fates})
    _set_aside("PARKED", journal, seen.parked, fates, inbox, consumer)
    _set_aside("QUARANTINED", journal, seen.refused, fates, inbox, consumer)


def _set_aside(
    outcome: str, journal: Journal, places: Iterable[Place], fates: Document, inbox: Document, consumer: str
) -> None:
    """What the inbox calls parked or quarantined is there, and nothing else is."""
    by_place = {sent.place: sent for sent in journal}
    found = Counter(_inbox_id(consumer, by_place[place]) for place in places if place not in fates)
    _same(f"I1: {outcome}", Counter(id_ for id_, known in inbox.items() if known == outcome), found)


def effects_once(seen: Seen) -> None:
    """I2: each event that the inbox calls applied changed its account once, and nothing else did."""
    applied = Counter(row["_id"].split("|", 3)[3] for row in seen.rows["inbox"] if row["outcome"] == "APPLIED")
    _same("I2: effects", applied, Counter(row["cause_id"] for row in seen.rows["timeline"]))


def in_order(journal: Journal, seen: Seen, consumer: str) -> None:
    """I3: versions count up from one without a gap, and each topic's events of a key applied as they were published."""
    lines: defaultdict[str, list[Document]] = defaultdict(list)
    for row in sorted(seen.rows["timeline"], key=lambda row: row["version"]):
        lines[row["about"].partition("|")[2]].append(row)
    versions = {row["_id"]: row["version"] for row in seen.rows["accounts"]}
    _same("I3: versions", versions.items(), {(id_, len(rows)) for id_, rows in lines.items()})
    for id_, rows in lines.items():
        numbers = [row["version"] for row in rows]
        assert numbers == list(range(1, len(rows) + 1)), f"I3: versions of {id_}: {numbers}"
    applied = {row["_id"] for row in seen.rows["inbox"] if row["outcome"] == "APPLIED"}
    for (topic, key), ids in _published(journal, applied, consumer).items():
        ours = [row["cause_id"] for row in lines[key] if row["cause_id"] in set(ids)]
        assert ours == ids, f"I3: {topic} {key} applied {ours}, published {ids}"


def _published(journal: Journal, applied: set[str], consumer: str) -> dict[tuple[str, str], list[str]]:
    """Ids that had an effect, per topic and key, in the order in which they first came."""
    found: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for sent in sorted(journal, key=lambda sent: sent.place):
        if sent.id is not None and sent.fate is None and _inbox_id(consumer, sent) in applied:
            found[sent.topic, sent.key].setdefault(sent.id)
    return {address: list(ids) for address, ids in found.items()}


def left_in_order(seen: Seen, prefix: str) -> None:
    """I4: the outbox is empty, each event that was numbered is in Kafka, and first deliveries of a key count up."""
    assert not seen.rows["outbox"], f"I4: {len(seen.rows['outbox'])} rows are still in the outbox"
    first: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for record in seen.outputs:
        event = orjson.loads(record.value)
        known = first[f"{record.topic.removeprefix(prefix)}|{record.key.decode()}"]
        assert known.setdefault(event["sequence"], event["id"]) == event["id"], "I4: two events have one number"
    last = {row["_id"]: row["sequence"] for row in seen.rows["keys"]}
    _same("I4: keys", set(last), first.keys())
    for address, numbers in first.items():
        wanted = list(range(1, last[address] + 1))
        assert list(numbers) == wanted, f"I4: {address} came as {list(numbers)}, should be 1..{last[address]}"
    told = Counter({event["causationid"] for event in seen.events(f"{prefix}ledger-reports")})
    _same("I4: reports", told, Counter({row["cause_id"] for row in seen.rows["timeline"]}))


def audited(seen: Seen, reads: int = 0) -> None:
    """I5, by counts: one entry for each effect and each read, beside the alarms."""
    done = Counter(row["cause_id"] for row in seen.rows["audit"] if row["outcome"] == "OK")
    _same("I5: audit", Counter(row["cause_id"] for row in seen.rows["timeline"]), done)
    alarms = [row for row in seen.rows["audit"] if row["outcome"].startswith("SECURITY_")]
    total, wanted = len(seen.rows["audit"]), done.total() + reads + len(alarms)
    assert total == wanted, f"I5: {total} entries, {wanted} wanted"


def _inbox_id(consumer: str, sent: Sent) -> str:
    return f"{consumer}|{sent.topic}|{sent.source}|{sent.id}"


def _same(what: str, wanted: Iterable[Any], found: Iterable[Any]) -> None:
    one, other = Counter(wanted), Counter(found)
    missing, extra = one - other, other - one
    assert one == other, (
        f"{what}: {one.total()} wanted, {other.total()} found; "
        f"missing {sorted(map(str, missing))[:5]}, too many {sorted(map(str, extra))[:5]}"
    )


# Reading Kafka.


def _reader(bootstrap: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(**Kafka(bootstrap).client(), enable_auto_commit=False, auto_offset_reset="earliest")


async def _places(kafka: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    numbers = await kafka._client._wait_on_metadata(topic)  # the only call that waits for one topic's partitions
    return [TopicPartition(topic, number) for number in sorted(numbers)]


async def read_topics(bootstrap: str, topics: Iterable[str]) -> list[ConsumerRecord[Any, Any]]:
    """Every record of these topics, each partition in order."""
    async with _reader(bootstrap) as kafka:
        places = [place for topic in topics for place in await _places(kafka, topic)]
        kafka.assign(places)
        await kafka.seek_to_beginning(*places)
        ends = await kafka.end_offsets(places)
        found: list[ConsumerRecord[Any, Any]] = []
        while [place for place in places if await kafka.position(place) < ends[place]]:
            for records in (await kafka.getmany(timeout_ms=200)).values():
                found += records
        return found


# I6: planted canaries.


def canary() -> str:
    """Something to plant where identity would stand."""
    return f"KANARI-{random.getrandbits(64):016x}"


def absent_from_bytes(canaries: Iterable[str], where: str, pieces: Iterable[bytes | None]) -> None:
    """I6: none of the canaries is in any of the pieces."""
    wanted = [each.encode() for each in canaries]
    for piece in pieces:
        for each in wanted:
            assert each not in (piece or b""), f"I6: {each.decode()} in {where}"


def absent_from_files(canaries: Iterable[str], *roots: Path) -> None:
    """I6 for logs and for a database's files, file by file."""
    wanted = list(canaries)
    for root in roots:
        for path in [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file()):
            absent_from_bytes(wanted, path.name, [path.read_bytes()])


async def absent_from_kafka(canaries: Iterable[str], bootstrap: str, topics: Iterable[str]) -> None:
    """I6 for topics, with keys and headers."""
    wanted = list(canaries)
    for record in await read_topics(bootstrap, topics):
        headers = [value for _, value in record.headers]
        absent_from_bytes(wanted, record.topic, [record.key, record.value, *headers])


async def absent_from_database(canaries: Iterable[str], mongo_uri: str, databases: Iterable[str]) -> None:
    """I6 for whole databases as BSON; `local` among them is the oplog. Files on disk are compressed, this is not."""
    wanted = list(canaries)
    async with AsyncMongoClient[RawBSONDocument](mongo_uri, document_class=RawBSONDocument) as client:
        for database in databases:
            for name in await client[database].list_collection_names():
                async for document in client[database][name].find():
                    absent_from_bytes(wanted, f"{database}.{name}", [document.raw])


# Seeds.


def seeded() -> random.Random:
    """Chance of one test. It prints its seed; PULANG_SEED replays it."""
    seed = int(os.environ.get("PULANG_SEED") or random.SystemRandom().randrange(2**32))
    print(f"PULANG_SEED={seed}")
    return random.Random(seed)
