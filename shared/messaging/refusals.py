"""What brokers answer when they will not do what an administrator asks."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError, for_code


class KafkaRefused(Exception):
    """The brokers did not answer, or said no; the message names the error and what it was about."""


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Turns aiokafka's errors into ours."""
    try:
        yield
    except (KafkaError, TimeoutError) as error:
        raise KafkaRefused(f"{what}: {type(error).__name__}") from error


def raise_for(code: int, name: str) -> None:
    """Raises KafkaRefused for an answer's error code; 0 is none."""
    if code:
        raise KafkaRefused(f"{name}: {for_code(code).__name__}")
