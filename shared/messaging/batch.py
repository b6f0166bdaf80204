"""Polled records on their way to the lane."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from shared.events.incoming import Incoming, Partition, Record
from shared.messaging.settings import Kafka

Decode = Callable[[Record], Incoming]
SLICE = 100
"""Records decoded between two chances for the loop to do something else (heartbeats, above all)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Decoded records in the order of their partitions, polled within one epoch of the assignment."""

    epoch: int
    events: Sequence[Incoming]

    def without(self, partitions: Iterable[Partition]) -> "Batch":
        """The same, minus what belongs to these partitions."""
        skip = frozenset(partitions)
        return Batch(self.epoch, [e for e in self.events if e.record.partition not in skip])

    def last(self) -> dict[Partition, Record]:
        """The last record of each partition."""
        return {e.record.partition: e.record for e in self.events}

    def first(self) -> dict[Partition, Record]:
        """The first record of each partition."""
        return {e.record.partition: e.record for e in reversed(self.events)}


def records_of(kafka: Kafka, polled: Mapping[TopicPartition, Sequence[ConsumerRecord[Any, Any]]]) -> list[Record]:
    """What a poll brought, partition by partition, in our own terms."""
    return [_record(kafka.logical(place), each) for place, found in polled.items() for each in found]


def _record(partition: Partition, raw: ConsumerRecord[Any, Any]) -> Record:
    key = _text(raw.key)
    unreadable = key is None and raw.key is not None
    return Record(partition, raw.offset, key, raw.value, tuple(raw.headers), raw.timestamp, unreadable)


def _text(key: bytes | None) -> str | None:
    try:
        return None if key is None else key.decode()
    except UnicodeDecodeError:
        return None


def cut(records: Sequence[Record], max_records: int, max_bytes: int) -> Iterator[Sequence[Record]]:
    """Pieces within both limits; a record that alone is over the bytes makes a piece by itself."""
    start, size = 0, 0
    for index, record in enumerate(records):
        if index > start and (index - start >= max_records or size + record.size > max_bytes):
            yield records[start:index]
            start, size = index, 0
        size += record.size
    if start < len(records):
        yield records[start:]


async def decoded(records: Sequence[Record], decode: Decode) -> list[Incoming]:
    """Decode in slices, so that the loop is never blocked for long."""
    events: list[Incoming] = []
    for start in range(0, len(records), SLICE):
        events.extend(map(decode, records[start : start + SLICE]))
        await asyncio.sleep(0)
    return events
