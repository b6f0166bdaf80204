"""Tokens that only we can read or make: cursors, positions, and keyed hashes with a purpose each."""

import base64
import binascii
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MIN_SECRET_BYTES = 32
_NONCE_BYTES = 12


class NotOurs(ValueError):
    """A token that we did not make, or made for another purpose."""


def derive_key(secret: bytes, purpose: str) -> bytes:
    """A 32-byte key for one purpose (HKDF's expand step, RFC 5869); keys of different purposes tell nothing of
    each other. The secret must be random and at least 32 bytes."""
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(f"a secret has at least {MIN_SECRET_BYTES} random bytes")
    return hmac.new(secret, purpose.encode() + b"\x01", hashlib.sha256).digest()


def keyed_hash(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 over the parts, each with its length before it, so that no two lists of parts collide."""
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def b64url(raw: bytes) -> str:
    """Base64 for URLs without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Sealer:
    """Makes and opens tokens for one purpose: encrypted and authenticated (AES-256-GCM), bound to a context."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._cipher = AESGCM(derive_key(secret, purpose))

    def seal(self, text: str, context: str = "") -> str:
        """A token that shows neither the text nor (when made twice) that it is the same."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return b64url(nonce + self._cipher.encrypt(nonce, text.encode(), context.encode()))

    def open(self, token: str, context: str = "") -> str:
        """The text; raises NotOurs for anything that `seal` did not make with this context."""
        try:
            raw = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise NotOurs("not a token of ours") from error
