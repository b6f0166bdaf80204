"""The key rings of a platform on this machine: random, in files that nobody else reads."""

import base64
import secrets
from pathlib import Path

FIRST = "2026a"
KEY_BYTES = 96


def make_ring(file: Path) -> None:
    """A ring with one key; one that is there stays as it is."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(f"{FIRST}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n")
