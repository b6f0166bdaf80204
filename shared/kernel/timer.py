"""Timers: deadlines, expiries and reminders as documents. Firing one is an ordinary unit of work."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from shared.kernel.aggregate import Aggregate
from shared.kernel.ids import derived_id


class TimerStatus(StrEnum):
    """A timer runs, then either fires or is stopped."""

    RUNNING = "RUNNING"
    FIRED = "FIRED"
    STOPPED = "STOPPED"


class Timer(Aggregate):
    """Wakes the rule registered for `kind` at `due_at`. `about` is the id of the aggregate that it concerns.

    `generation` tells a restarted timer from its earlier runs, `rung` the steps of one run (breach, escalations).
    """

    collection: ClassVar[str] = "timers"
    has_timeline: ClassVar[bool] = False

    kind: str
    about: str
    due_at: datetime
    generation: int = 0
    rung: int = 0
    status: TimerStatus = TimerStatus.RUNNING

    @property
    def event_id(self) -> str:
        """The id of the event that this firing publishes: the same however often the firing is attempted."""
        return derived_id("timer", self.id, str(self.generation), str(self.rung))


def timer_id(kind: str, about: str) -> str:
    """The id of the one timer of this kind for this aggregate."""
    return f"{kind}|{about}"


def start_timer(kind: str, about: str, due_at: datetime, generation: int = 0) -> Timer:
    """A timer that has not been saved yet."""
    return Timer(id=timer_id(kind, about), kind=kind, about=about, due_at=due_at, generation=generation)
