"""Topics as the registry declares them: created, compared, and purged of what was read."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.events.registry import TopicSpec
from shared.messaging.refusals import KafkaRefused, raise_for, refusals
from shared.messaging.settings import Kafka

__all__ = ["Difference", "KafkaRefused", "TopicAdmin", "TopicShape", "compare", "topic_admin", "wanted"]

DAY_MS = 24 * 3600 * 1000
MAX_COPIES = 3
MAX_MESSAGE_BYTES = 1_048_588
"""Kafka's own default, set on purpose: above what an outbox accepts, below what a consumer's fetch takes at once."""
READY_S = 15.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Something about a topic that is not as declared. `found` is None where the topic or the setting is missing."""

    topic: str
    what: str
    wanted: str
    found: str | None
    repairable: bool = True


@dataclass(frozen=True, slots=True)
class TopicShape:
    """A topic in a cluster: its own name there, partitions, copies, and the settings that we care about."""

    name: str
    partitions: int
    copies: int
    settings: Mapping[str, str] = field(default_factory=dict)


def wanted(spec: TopicSpec, kafka: Kafka, brokers: int) -> TopicShape:
    """What a declared topic is in a cluster of so many brokers."""
    copies = min(MAX_COPIES, brokers)
    settings = {
        "cleanup.policy": "compact" if spec.compacted else "delete",
        "retention.ms": "-1" if spec.compacted else str(spec.retention_days * DAY_MS),
        "min.insync.replicas": "2" if copies == MAX_COPIES else "1",  # one broker may be away, an ack means two have it
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
    }
    return TopicShape(kafka.actual(spec.name), spec.partitions, copies, settings)


def compare(want: TopicShape, found: TopicShape | None) -> list[Difference]:
    """How a topic differs. Another number of partitions or copies is nothing to repair on the way.

    More partitions would send later events of a key elsewhere than earlier ones, so order would be lost.
    """
    if found is None:
        return [Difference(want.name, "topic", "exists", None)]
    fixed = [("partitions", want.partitions, found.partitions), ("copies", want.copies, found.copies)]
    return [Difference(want.name, what, str(w), str(f), repairable=False) for what, w, f in fixed if w != f] + [
        Difference(want.name, name, value, found.settings.get(name))
        for name, value in want.settings.items()
        if found.settings.get(name) != value
    ]


class TopicAdmin:
    """A connection for looking after topics; made by `topic_admin`. Every method raises KafkaRefused."""

    def __init__(self, kafka: Kafka, client: AIOKafkaAdminClient) -> None:
        self._kafka = kafka
        self._client = client

    async def check(self, specs: Iterable[TopicSpec]) -> list[Difference]:
        """Everything that is not as declared."""
        wants = await self._wants(specs)
        found = await self._found(want.name for want in wants)
        return [difference for want in wants for difference in compare(want, found.get(want.name))]

    async def apply(self, specs: Iterable[TopicSpec]) -> list[Difference]:
        """Create what is missing and set what differs; answers what it repaired and what it must not."""
        specs = list(specs)
        wants = {want.name: want for want in await self._wants(specs)}
        differences = await self.check(specs)
        missing = {each.topic for each in differences if each.what == "topic"}
        changed = {each.topic for each in differences if each.repairable} - missing
        await self._create([wants[name] for name in sorted(missing)])
        await self._set([wants[name] for name in sorted(changed)])
        return differences

    async def purge(self, spec: TopicSpec, offsets: Mapping[int, int]) -> dict[int, int]:
        """Delete a partner's records before these offsets (by partition); answers where the log now begins.

        For what may not lie around after we have dealt with it. The offsets are the progress of the topic's only
        consumer; ValueError for a topic that others read.
        """
        if spec.kind != "partner" or len(spec.consumers) != 1:
            raise ValueError(f"{spec.name} is not a partner's topic with one consumer")
        name = self._kafka.actual(spec.name)
        asked = {TopicPartition(name, number): RecordsToDelete(offset) for number, offset in offsets.items()}
        with refusals(spec.name):
            starts = await self._client.delete_records(asked)
        return {place.partition: start for place, start in starts.items()}

    async def _wants(self, specs: Iterable[TopicSpec]) -> list[TopicShape]:
        with refusals("cluster"):
            cluster = await self._client.describe_cluster()
        return [wanted(spec, self._kafka, len(cluster["brokers"])) for spec in specs]

    async def _found(self, names: Iterable[str]) -> dict[str, TopicShape]:
        asked = set(names)
        with refusals("cluster"):
            described = await self._client.describe_topics()
            known = {each["topic"]: each["partitions"] for each in described if each["topic"] in asked}
            settings = await self._settings(known)
        return {
            name: TopicShape(name, len(parts), min((len(p["replicas"]) for p in parts), default=0), settings[name])
            for name, parts in known.items()
        }

    async def _settings(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        answers = await self._client.describe_configs(asked) if asked else []
        found: dict[str, dict[str, str]] = {}
        for answer in answers:
            for code, _, _, name, entries in answer.resources:
                raise_for(code, name)
                found[name] = {entry[0]: entry[1] for entry in entries}
        return found

    async def _create(self, wants: list[TopicShape]) -> None:
        if not wants:
            return
        new = [NewTopic(w.name, w.partitions, w.copies, topic_configs=dict(w.settings)) for w in wants]
        with refusals("topics"):
            answer = await self._client.create_topics(new)
        for name, code, *_ in answer.topic_errors:
            if for_code(code) is not TopicAlreadyExistsError:  # somebody else applied at the same time
                raise_for(code, name)
        await self._ready({w.name: w.partitions for w in wants})

    async def _set(self, wants: list[TopicShape]) -> None:
        if not wants:
            return
        asked = [ConfigResource(ConfigResourceType.TOPIC, w.name, dict(w.settings)) for w in wants]
        with refusals("topics"):
            answers = await self._client.alter_configs(asked)
        for answer in answers:
            for code, _, _, name in answer.resources:
                raise_for(code, name)

    async def _ready(self, partitions: Mapping[str, int]) -> None:
        """Until every new partition has a leader: who starts next must find it."""
        with refusals("topics"):
            async with asyncio.timeout(READY_S):
                while await self._led(partitions.keys()) != dict(partitions):  # noqa: ASYNC110 - brokers call nobody
                    await asyncio.sleep(0.05)

    async def _led(self, names: Iterable[str]) -> dict[str, int]:
        asked = set(names)
        described = await self._client.describe_topics()
        return {
            each["topic"]: sum(part["leader"] >= 0 for part in each["partitions"])
            for each in described
            if each["topic"] in asked
        }


@asynccontextmanager
async def topic_admin(kafka: Kafka) -> AsyncIterator[TopicAdmin]:
    """A connection for the time of the block. Raises KafkaRefused where no broker answers."""
    client = AIOKafkaAdminClient(**kafka.client())
    try:
        with refusals("cluster"):
            await client.start()
        yield TopicAdmin(kafka, client)
    finally:
        await client.close()
