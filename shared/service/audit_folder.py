"""Copies of the checkpoints in a folder outside the database, so that whoever can write to the one cannot hide it from
the other. One file a month for each service, only ever appended to, each line durable before the next is signed."""

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from shared.security.audit.canonical import canonical
from shared.security.audit.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class CheckpointFolder:
    """The copies of one service's checkpoints. Calls touch the disk."""

    path: Path
    service: str

    def last(self) -> Checkpoint | None:
        """The newest copy. A line that a crash tore off is none: it is written again, on a line of its own."""
        for file in reversed(self._files()):
            for line in reversed(file.read_bytes().split(b"\n")):
                with contextlib.suppress(ValueError, TypeError):
                    return Checkpoint.read(json.loads(line))
        return None

    def every(self) -> list[Checkpoint]:
        """All copies in the order of their numbers; torn lines left out."""
        found: dict[int, Checkpoint] = {}
        for line in (line for file in self._files() for line in file.read_bytes().split(b"\n")):
            with contextlib.suppress(ValueError, TypeError):
                checkpoint = Checkpoint.read(json.loads(line))
                found[checkpoint.number] = checkpoint
        return [found[number] for number in sorted(found)]

    def append(self, checkpoint: Checkpoint) -> None:
        """Add one line; it is on the disk when this returns."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self._file(checkpoint).open("ab+") as file:
            file.seek(max(0, file.tell() - 1))
            torn = file.read() not in (b"", b"\n")
            file.write((b"\n" if torn else b"") + canonical(checkpoint.plain()) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _file(self, checkpoint: Checkpoint) -> Path:
        return self.path / f"{self.service}-{checkpoint.at[:7]}.jsonl"

    def _files(self) -> list[Path]:
        return sorted(self.path.glob(f"{self.service}-[0-9]*.jsonl"))
