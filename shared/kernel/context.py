"""Who acts, and what caused it: travels with each input into timeline, audit and outgoing events."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Opening:
    """What is opened to somebody for a time, beside what their role opens: these classes of these things.

    It holds from `since` until before `until`, and for `purpose` alone; None is every purpose.
    """

    refs: frozenset[str]
    classes: frozenset[str]
    since: datetime
    until: datetime
    purpose: str | None = None
    emergency: bool = False
    """Opened by themselves in an emergency, and not given by anybody."""

    def holds(self, now: datetime, purpose: str) -> bool:
        """Whether it opens anything at this moment for this purpose."""
        return self.since <= now < self.until and self.purpose in (None, purpose)


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
    openings: tuple[Opening, ...] = ()
    """What is or will be opened to this person for a time; what holds is asked at each look."""


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
