"""When to try again with a mail server that said not now."""

from datetime import timedelta

FIRST = timedelta(seconds=30)
LONGEST = timedelta(hours=4)
ATTEMPTS = 20
"""With the delays below about two days: later, a phone call helps more than a mail."""


def delay_after(attempts: int) -> timedelta | None:
    """How long to wait after that many attempts; None: give up."""
    return None if attempts >= ATTEMPTS else min(FIRST * 2 ** (attempts - 1), LONGEST)
