"""What every command looks at first."""

from datetime import datetime, timedelta

from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor
from shared.kernel.errors import Kind, Reject, invalid
from shared.kernel.work import Work

CLOCKS_DIFFER = timedelta(minutes=5)
"""A phone at a posko may be this far ahead of us."""


def check_time(occurred_at: datetime, work: Work) -> None:
    """Raises Reject for a fact of the future; one of the past may be recorded late."""
    if occurred_at > work.now + CLOCKS_DIFFER:
        raise invalid("IN_THE_FUTURE", "/occurred_at")


def refuse_taken(existing: Aggregate | None, pointer: str) -> None:
    """Raises Reject where a client's own reference was used before."""
    if existing is not None:
        raise Reject("REF_TAKEN", Kind.CONFLICT, errors=[(pointer, "REF_TAKEN")])


def acting(work: Work) -> Actor:
    """Who gave the command; commands without somebody behind them are a bug."""
    if work.cause.actor is None:
        raise LookupError("a command of intake needs an actor")
    return work.cause.actor
