"""What a person may do, on its way into the unit of work, and the answer that comes back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from shared.kernel.aggregate import Aggregate, Need, Ref
from shared.kernel.context import Cause


@dataclass(frozen=True, slots=True)
class Idempotency:
    """Which repetition is the same request: `scope` joins person, route and key; `fingerprint` is a keyed hash."""

    scope: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Precondition:
    """`If-Match`: holds where the aggregate, as it stands in its turn, satisfies `matches`; else the input is STALE."""

    ref: Ref
    matches: Callable[[Aggregate], bool]


@dataclass(frozen=True, slots=True)
class Command:
    """A command's body (a type of the service's own) with everything that surrounds it."""

    body: Any
    cause: Cause
    idempotency: Idempotency | None = None
    precondition: Precondition | None = None
    target: Ref | None = None
    """What it is about, for the audit of a refusal."""
    needs: tuple[Need, ...] = ()
    """Beyond what the rule itself announces."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A command that is durable on a majority. `position` says what of it others have to take in, for reads of theirs
    that must not be older: see `shared.events.position`."""

    aggregate: Aggregate
    replayed: bool = False
    position: str | None = None


class Unavailable(Exception):
    """Nothing can be promised now. `OUTCOME_UNKNOWN`: it may have happened; the idempotency key will tell."""

    def __init__(self, code: str = "UNAVAILABLE", retry_after_s: int = 2) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_s = retry_after_s


class Bus(Protocol):
    """Where interfaces hand their commands in."""

    async def submit(self, command: Command) -> Receipt:
        """Decide and save; raises Reject or Unavailable."""
        ...
