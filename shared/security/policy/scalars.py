"""Single values on their way between aggregates, Cedar and the database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Literal

Scalar = Literal["String", "Bool", "Long", "Moment"]
"""Cedar's types; a moment is a Long of milliseconds there and a date in the database."""

EPOCH = datetime.fromtimestamp(0, UTC)
MILLISECOND = timedelta(milliseconds=1)
"""As precise as the database keeps a date."""


def to_cedar(value: Any) -> Any:
    """A value of an aggregate as Cedar takes it."""
    if isinstance(value, datetime):
        return milliseconds(value)
    return value.value if isinstance(value, Enum) else value


def to_stored(value: Any, scalar: Scalar) -> Any:
    """A value of Cedar as the database holds it."""
    return EPOCH + value * MILLISECOND if scalar == "Moment" else value


def milliseconds(moment: datetime) -> int:
    """Since the epoch."""
    return (moment - EPOCH) // MILLISECOND


def leaves(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """What lies at a path, through every element of a list on the way; nothing where there is nothing."""
    if isinstance(value, tuple | list | frozenset | set):
        for element in value:
            yield from leaves(element, path)
    elif path and value is not None:
        yield from leaves(getattr(value, path[0]), path[1:])
    elif value is not None:
        yield value
