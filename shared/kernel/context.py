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
    excluded: frozenset[str] = frozenset()
    """References of what this person may not see, because of an interest of their own in it."""
    sealed: frozenset[str] = frozenset()
    """References of what is sealed without naming this person or their office."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why an act was allowed or refused, as the audit keeps it: codes and ids of policies."""

    decision: str = "PERMIT"
    """PERMIT or DENY."""
    role: str | None = None
    """The role that was used, of those the actor has."""
    purpose: str | None = None
    policies: tuple[str, ...] = ()
    """The policies that decided."""
    classes: tuple[str, ...] = ()
    """The data classes that are shown (C1 to C5)."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Where an input came from. `action` is the audit's word for it; `id` the event, timer or request id."""

    action: str
    id: str
    correlation_id: str
    traceparent: str | None = None
    actor: Actor | None = None
    channel: str = "http"
    grounds: Grounds | None = None
    """None where no person acts: a topic, a timer."""
