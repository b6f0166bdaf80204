"""Key rings: one secret in several versions. The first is in use; the others only open what they once closed.

A ring is text, `version:secret` by line, newest first, so that a rotation is an edit of one file: the new version is
added last and rolled out, moved to the front and rolled out again, and the old one leaves when nothing needs it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

FIRST = "1"
"""The version of a secret that stands alone."""
_ENTRY = re.compile(r"(?:([A-Za-z0-9_]{1,32}):)?([^:\s]+)")


@dataclass(frozen=True, slots=True)
class Ring:
    """Secrets by version, the one in use first. Its repr shows versions alone."""

    secrets: Mapping[str, str]

    @property
    def current(self) -> str:
        """The version that closes what is closed from now on."""
        return next(iter(self.secrets))

    @property
    def secret(self) -> str:
        """The current version's secret."""
        return self.secrets[self.current]

    def fingerprints(self) -> Mapping[str, str]:
        """Twelve hex digits per version, by which people compare copies without showing them."""
        return {version: fingerprint(secret) for version, secret in self.secrets.items()}

    def text(self) -> str:
        """The ring as a file holds it."""
        return "".join(f"{version}:{secret}\n" for version, secret in self.secrets.items())

    def __repr__(self) -> str:
        return f"Ring({', '.join(self.secrets)})"


def read_ring(text: str) -> Ring:
    """The ring that this text holds; raises ValueError, which repeats nothing of it."""
    secrets: dict[str, str] = {}
    for entry in text.split():
        found = _ENTRY.fullmatch(entry)
        version = (found[1] or FIRST) if found else FIRST
        if found is None or version in secrets:
            raise ValueError("a key ring has one `version:secret` a line, each version once")
        secrets[version] = found[2]
    if not secrets:
        raise ValueError("the key ring is empty")
    return Ring(secrets)


def fingerprint(secret: str) -> str:
    """What tells two secrets apart; a random secret of 32 bytes cannot be found from it."""
    return hashlib.sha256(b"pulang key fingerprint\x00" + secret.encode()).hexdigest()[:12]
