"""Time comes from a clock that is passed in; nothing below reads the system's time by itself."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

Clock = Callable[[], datetime]
"""Answers now in UTC, whole milliseconds (all that BSON keeps)."""

WITA = timezone(timedelta(hours=8), "WITA")
"""Central Indonesian time, the zone of Nusa Tenggara Timur; it knows no daylight saving."""


def whole_ms(moment: datetime) -> datetime:
    """The moment in UTC, cut to the millisecond that a database gives back."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def system_clock() -> datetime:
    """The machine's own time."""
    return whole_ms(datetime.now(UTC))


def offset_clock(offset_file: Path) -> Clock:
    """The system's time plus the seconds written in a file, read at each call: time travel for tests and demo.

    Only the domain's clock may be one of these; leases and tokens keep the system's time.
    """

    def now() -> datetime:
        try:
            offset_s = float(offset_file.read_text() or 0)
        except FileNotFoundError:
            offset_s = 0.0
        return whole_ms(datetime.now(UTC) + timedelta(seconds=offset_s))

    return now
