"""An event that waits for the broker."""

from contextlib import suppress
from dataclasses import dataclass

import orjson


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One row of the outbox: encoded once, numbered within its topic and key. Before it is saved its number is 0."""

    id: str
    topic: str
    key: str
    sequence: int
    value: bytes

    @property
    def ties(self) -> tuple[str | None, str | None]:
        """What it carries of the act that it belongs to: `correlationid` and `traceparent`."""
        with suppress(ValueError, AttributeError):  # only tests write rows that are no envelopes
            envelope = orjson.loads(self.value)
            return envelope.get("correlationid"), envelope.get("traceparent")
        return None, None
