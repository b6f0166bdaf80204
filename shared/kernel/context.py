"""Who acts, and what caused it: travels with each input into timeline, audit and outgoing events."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A member of staff as the directory knows them at this moment: references and codes, never a name."""

    person: str
    agency: str
    """`<CODE>-<region>`, for example `UPTD_PPA-53.71`."""
    roles: frozenset[str]
    unit: str = ""
    kabupaten: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cause:
    """Where an input came from. `action` is the audit's word for it; `id` the event, timer or request id."""

    action: str
    id: str
    correlation_id: str
    traceparent: str | None = None
    actor: Actor | None = None
    channel: str = "http"
