"""Working days: Monday to Friday in Nusa Tenggara Timur. No holidays are known, so that a limit is rather too early."""

from datetime import datetime, time, timedelta

from shared.kernel.clock import WITA

SATURDAY = 5


def after_working_days(start: datetime, days: int) -> datetime:
    """The end of the last of so many working days after the day of `start`: the midnight that follows it."""
    day = start.astimezone(WITA).date()
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < SATURDAY
    return datetime.combine(day + timedelta(days=1), time(), WITA)
