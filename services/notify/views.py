"""Queries over notices and deliveries."""

from datetime import datetime
from typing import Any

from services.notify.domain.delivery import State

Query = dict[str, Any]

BY_TIME = [("try_at", 1), ("_id", 1)]


def due(now: datetime) -> Query:
    """Deliveries that may be tried now, by the machine's time."""
    return {"state": State.PENDING.value, "try_at": {"$lte": now}}


def lost(now: datetime) -> Query:
    """Deliveries whose attempt should have ended: its sender is gone."""
    return {"state": State.SENDING.value, "claimed_until": {"$lte": now}}


def unread(person: str) -> Query:
    """Notices that this person has not read."""
    return {"reads.person": {"$ne": person}}


def read(person: str) -> Query:
    """Notices that this person has read."""
    return {"reads.person": person}
