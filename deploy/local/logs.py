"""The servers' logs, merged for a person to read."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import sleep

LOOK_EVERY_S = 0.2
COMPLAINTS = ('"s":"E"', '"s":"F"', " ERROR ", " FATAL ")  # of mongod's JSON, and of Kafka's logger


def last_lines(logs: Sequence[Path], count: int) -> Iterator[str]:
    """The last `count` lines of each log, each line after its server's name."""
    for log in logs:
        lines = log.read_text(errors="replace").splitlines()
        for line in lines[-count:] if count else []:
            yield f"{log.stem} | {line}"


def telling_lines(log: Path, count: int = 10) -> Sequence[str]:
    """Why a server ended: the last `count` complaints in its log, or else its last lines."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return ([line for line in lines if any(mark in line for mark in COMPLAINTS)] or lines)[-count:]


def follow_lines(logs: Sequence[Path], count: int) -> Iterator[str]:
    """The last `count` lines of each log, then every new one; never ends by itself."""
    with ExitStack() as opened:
        handles = [(log.stem, opened.enter_context(log.open(errors="replace"))) for log in logs]
        for _, handle in handles:
            handle.seek(0, 2)
        yield from last_lines(logs, count)
        while True:
            new = [f"{name} | {line.rstrip()}" for name, handle in handles for line in handle]
            yield from new
            if not new:
                sleep(LOOK_EVERY_S)
