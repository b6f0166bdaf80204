"""The ledger of erasures: a file that only grows, kept apart from every back-up of the databases.

Whoever restores an old back-up brings destroyed keys back; the ledger says which have to die again. Each line holds
the hash of all before it, so that a changed or missing line in the middle is noticed.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

FIRST = "0" * 64


class LedgerBroken(Exception):
    """A line is not what was written: nothing may start on what a broken ledger says. Names the line's number."""


@dataclass(frozen=True, slots=True)
class ErasureLedger:
    """One file, of lines `{"owner", "at", "reason", "before"}`: references, times and codes."""

    path: Path

    def owners(self) -> tuple[str, ...]:
        """Whose keys were destroyed, oldest first; none where there is no file yet. Raises LedgerBroken."""
        if not self.path.exists():
            return ()
        return tuple(entry["owner"] for entry in _checked(self.path.read_bytes().splitlines()))

    def append(self, owner: str, at: datetime, reason: str) -> None:
        """Add a line, durable when this returns; an owner that is in it already stays as they are."""
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            lines = file.read().splitlines()
            if any(entry["owner"] == owner for entry in _checked(lines)):
                return
            before = _digest(lines[-1]) if lines else FIRST
            line = {"owner": owner, "at": at.isoformat(), "reason": reason, "before": before}
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _checked(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    before = FIRST
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            follows = entry["before"] == before
        except (ValueError, KeyError, TypeError):
            raise LedgerBroken(f"line {number} cannot be read") from None
        if not follows:
            raise LedgerBroken(f"line {number} does not follow the one before")
        entries.append(entry)
        before = _digest(line)
    return entries


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
