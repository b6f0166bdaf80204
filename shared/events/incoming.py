"""A record from a topic after decoding: either an event or a reason why it is none."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from shared.events.envelope import Event


class Partition(NamedTuple):
    """One partition of one topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """A message as it came: `key` is None where it had none, and where it was not UTF-8 (`key_unreadable`)."""

    partition: Partition
    offset: int
    key: str | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int = 0
    key_unreadable: bool = False

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return len(self.value or b"")


@dataclass(frozen=True, slots=True)
class Incoming:
    """Exactly one of `event`, `refusal` or `ignored` is set.

    `refusal` is a code of `reasons`, `pointer` (RFC 6901) the place, where there is one to name.
    `ignored` marks an event that this service does not declare; it has no digest.
    `digest` is SHA-256 over the canonical JSON of type, subject and data: what makes two deliveries the same fact.
    `identity` is `source|id` where both could be read, also of a refused message.
    """

    record: Record
    event: Event[Any] | None = None
    refusal: str | None = None
    ignored: bool = False
    digest: bytes = b""
    identity: str | None = None
    pointer: str | None = None

    @property
    def pulse(self) -> datetime | None:
        """For a pulse: everything published on this partition before then stands before it."""
        return self.event.data.occurred_at if self.event and self.event.data.pulse else None

    @property
    def concerns(self) -> bool:
        """Whether there is anything to decide or to keep."""
        return not self.ignored and self.pulse is None


class Fenced(Exception):
    """Somebody else moved a partition's progress: seek to the saved progress again before going on."""


class Halted(Exception):
    """A bug repeats on several keys: the partition stops, unapplied, until somebody has looked."""

    def __init__(self, partition: Partition, signature: str) -> None:
        super().__init__(f"{partition.topic}/{partition.number}: {signature}")
        self.partition = partition
        self.signature = signature
