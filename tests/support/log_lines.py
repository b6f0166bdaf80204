"""The process's own log lines, as they would be printed: redacted, and with their context."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from shared.observability.logging import configure_logging


@dataclass
class Lines:
    """What was printed so far."""

    stream: io.StringIO = field(default_factory=io.StringIO)

    @property
    def text(self) -> str:
        """All of it."""
        return self.stream.getvalue()

    def of(self, event: str) -> list[dict[str, Any]]:
        """The lines of one kind, in order."""
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["event"] == event]


@contextmanager
def log_lines() -> Iterator[Lines]:
    """From here to the end; the set-up from before is put back."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level, lines = root.handlers, root.level, Lines()
    configure_logging(stream=lines.stream)
    try:
        yield lines
    finally:
        structlog.configure(**before)
        root.handlers, root.level = handlers, level
        logging.getLogger("uvicorn.access").disabled = False
