"""The key that signs checkpoints: Ed25519 (RFC 8032), from a file that only the clock's process can read."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


class BadKey(ValueError):
    """The file holds no Ed25519 private key."""


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key. It never shows in a text."""

    _key: Ed25519PrivateKey

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """From PEM, as `openssl genpkey -algorithm ed25519` writes it; raises BadKey or OSError."""
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except (ValueError, TypeError) as error:
            raise BadKey(f"{path} is no private key in PEM without a password") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise BadKey(f"{path} is no Ed25519 key")
        return cls(key)

    @classmethod
    def sample(cls, seed: str) -> Self:
        """The same key for the same text: for one machine's development, where nothing needs to be secret."""
        return cls(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest()))

    @property
    def public(self) -> str:
        """The public key, 64 hex digits."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, data: bytes) -> str:
        """The signature, 128 hex digits."""
        return self._key.sign(data).hex()
