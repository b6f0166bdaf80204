"""An event that waits for the broker."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One row of the outbox: encoded once, numbered within its topic and key. Before it is saved its number is 0."""

    id: str
    topic: str
    key: str
    sequence: int
    value: bytes
