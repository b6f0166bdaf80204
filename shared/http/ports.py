"""What HTTP needs from others; implemented elsewhere and wired in each service's `app.py`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from shared.events.receipts import FactReceipt
from shared.http.etag import Tagger
from shared.http.limiting import Limiter
from shared.http.titles import Titles
from shared.kernel.aggregate import Aggregate
from shared.kernel.audit import AuditRow
from shared.kernel.clock import Clock
from shared.kernel.command import Bus, Unavailable
from shared.kernel.context import Actor
from shared.kernel.reader import Reader
from shared.security.opaque import Sealer
from shared.security.policy.engine import Policies

A = TypeVar("A", bound=Aggregate)


class AuditLog(Protocol):
    """Keeps the rows of reads and refusals."""

    async def record(self, row: AuditRow) -> None:
        """Return once the row is durable on a majority."""
        ...


class Trail(Protocol):
    """Reads the audit of this service."""

    async def readers(self, ref: str, besides: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """To whom this was shown by other acts than those `besides`: `person`, `agency`, `classes`, how many `times`,
        `first` and `last`."""
        ...


class SignedIn(Protocol):
    """What a person's verified token says."""

    @property
    def person(self) -> str:
        """The person's reference."""
        ...


class SystemSignedIn(Protocol):
    """What the verified token of a partner's system says."""

    @property
    def partner(self) -> str:
        """The agency's code."""
        ...

    @property
    def client(self) -> str:
        """The system's client, called as its agency's topic."""
        ...


class Verifier(Protocol):
    """Judges access tokens."""

    async def verify(self, token: str) -> SignedIn:
        """Which person signed in; raises TokenRefused, or Unavailable where nobody can tell now."""
        ...

    async def verify_partner(self, token: str) -> SystemSignedIn:
        """Which agency's system signed in; raises as `verify` does."""
        ...


class Directory(Protocol):
    """Knows the staff."""

    async def actor(self, person: str, now: datetime) -> Actor | None:
        """The person as of now, or None; may raise Unavailable where what is known is too old to act on."""
        ...

    async def is_shut_out(self, office: str) -> bool:
        """Whether nobody of this office may act; may raise Unavailable."""
        ...

    async def remembers(self, person: str) -> bool:
        """Whether the person is or was a member, so that their reference is one of the directory's."""
        ...


class Inbox(Protocol):
    """Takes partners' events in."""

    async def take(self, topic: str, values: Sequence[bytes], correlation_id: str) -> list[FactReceipt]:
        """A receipt for each once all of them are durable; raises Unavailable, and then some may be."""
        ...


class Positions(Protocol):
    """Knows how far the inbox is."""

    async def wait(self, position: str, timeout_s: float) -> bool:
        """Whether the position was reached in time."""
        ...


def no_translation(_: BaseException) -> Unavailable | None:
    """For an edge whose parts raise Unavailable themselves."""
    return None


@dataclass(frozen=True, slots=True)
class Backing:
    """All that routes stand on. `parts` is the service's own, for its handlers and views."""

    bus: Bus
    reader: Reader
    audit: AuditLog
    verifier: Verifier
    directory: Directory
    policies: Policies
    clock: Clock
    limiter: Limiter
    tagger: Tagger
    cursors: Sealer
    positions_seal: Sealer
    fingerprint_key: bytes
    positions: Positions | None = None
    inbox: Inbox | None = None
    fresh: "Check | None" = None
    """Asked before every read: whether what is known of staff and access is recent enough."""
    trail: Trail | None = None
    parts: Any = None
    titles: Titles = field(default_factory=lambda: MappingProxyType({}))
    unavailable: Callable[[BaseException], Unavailable | None] = no_translation
    """Which errors of drivers mean "not now": the only place where they are known to HTTP."""


Check = Callable[[], Awaitable[None]]
"""Returns while the part is well, raises otherwise."""

Checks = Mapping[str, Check]
