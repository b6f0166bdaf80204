"""Who acts, and when: what every rule asks that records an act of a person or a fact of a partner."""

from datetime import datetime, timedelta

from shared.kernel.context import Actor
from shared.kernel.errors import Kind, Reject, invalid
from shared.kernel.work import Work

CLOCKS_DIFFER = timedelta(minutes=5)
"""A phone at a posko, or a partner's server, may be this far ahead of us."""


def check_time(occurred_at: datetime, work: Work) -> None:
    """Raise Reject for what is said to happen in the future; what happened in the past may be recorded late."""
    if occurred_at > work.now + CLOCKS_DIFFER:
        raise invalid("IN_THE_FUTURE", "/occurred_at")


def acting(work: Work) -> Actor:
    """Who gave the command; raises Reject where nobody did."""
    if work.cause.actor is None:
        raise Reject("NOBODY_ACTS", Kind.FORBIDDEN)
    return work.cause.actor
