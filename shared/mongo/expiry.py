"""When rows may go. The server deletes by its own time, so this is the system's, never the domain's clock.

A story that is played in the past would otherwise lose what makes its events count once.
"""

from datetime import datetime, timedelta

from pymongo import IndexModel

from shared.kernel.clock import system_clock

EXPIRING = IndexModel([("expires_at", 1)], expireAfterSeconds=0)
"""The index by which the server deletes rows of a collection."""


def expires(keep: timedelta) -> datetime:
    """The `expires_at` of a row that is written now."""
    return system_clock() + keep
