"""Passwords as files, one an account, that nobody but their owner may read."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

RANDOM_BYTES = 32


@dataclass(frozen=True)
class Passwords:
    """A folder of passwords. The services' `*_FILE` settings name the same files."""

    folder: Path

    def file(self, name: str) -> Path:
        """Where an account's password stands: `kafka-cases-relay`, `mongo-cases`."""
        return self.folder / name

    def of(self, name: str) -> str:
        """An account's password; a new random one where there is none. Many may ask at once and get the same."""
        file = self.file(name)
        if not file.exists():
            self._make(file)
        return file.read_text("utf-8").rstrip("\r\n")

    def _make(self, file: Path) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_hex(RANDOM_BYTES))
        with suppress(FileExistsError):  # somebody made it at the same time: theirs holds
            os.link(draft, file)
        draft.unlink()
