"""Offline copies of key rings, in two parts: each agency takes one home, and neither opens anything without the other.

The split is a one-time pad: one part is random, the other the rings XOR that, so each by itself is noise. Each part is
sealed to its agency's public key (HPKE, RFC 9180: X25519, HKDF-SHA256, AES-256-GCM), so it may travel.
"""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from pydantic import BaseModel, ConfigDict

from shared.security.keyring import Ring, read_ring

PARTS = 2
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class BadCopy(ValueError):
    """These parts do not make a copy: another ceremony's, another agency's key, or a changed file."""


class Part(BaseModel):
    """One agency's part of one copy, as it is written to a medium. Only `sealed` is secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    copy_of: str
    """The service whose keys these are."""
    ceremony: str
    agency: str
    at: datetime
    fingerprints: Mapping[str, Mapping[str, str]]
    """Ring → version → fingerprint, to compare aloud and to check a restore."""
    sealed: str

    def bound_to(self) -> bytes:
        """What the seal is bound to: a part cannot pass for another's."""
        return json.dumps([self.copy_of, self.ceremony, self.agency]).encode()


def split(
    service: str, rings: Mapping[str, Ring], agencies: Mapping[str, X25519PublicKey], at: datetime
) -> tuple[Part, ...]:
    """One part for each of the two agencies; raises ValueError for another number of them."""
    if len(agencies) != PARTS:
        raise ValueError("a copy is made by two agencies")
    plain = json.dumps({name: dict(ring.secrets) for name, ring in rings.items()}).encode()
    pad = secrets.token_bytes(len(plain))
    ceremony = secrets.token_hex(8)
    fingerprints = {name: ring.fingerprints() for name, ring in rings.items()}
    parts = []
    for (agency, key), half in zip(agencies.items(), (pad, _xor(plain, pad)), strict=True):
        part = Part(copy_of=service, ceremony=ceremony, agency=agency, at=at, fingerprints=fingerprints, sealed="")
        sealed = _SUITE.encrypt(half, key, part.bound_to())
        parts.append(part.model_copy(update={"sealed": base64.b64encode(sealed).decode()}))
    return tuple(parts)


def join(opened: Sequence[tuple[Part, X25519PrivateKey]]) -> dict[str, Ring]:
    """The rings, out of both parts with their agencies' private keys; raises BadCopy."""
    parts = [part for part, _ in opened]
    same = {(part.copy_of, part.ceremony) for part in parts}
    if len(parts) != PARTS or len(same) != 1 or len({part.agency for part in parts}) != PARTS:
        raise BadCopy("these are not the two parts of one copy")
    halves = [_open(part, key) for part, key in opened]
    try:
        found = json.loads(_xor(*halves))
        rings = {name: read_ring(Ring(versions).text()) for name, versions in found.items()}
    except (ValueError, AttributeError):
        raise BadCopy("the parts do not fit together") from None
    if any(part.fingerprints != {name: ring.fingerprints() for name, ring in rings.items()} for part in parts):
        raise BadCopy("the keys are not those that were copied")
    return rings


def _open(part: Part, key: X25519PrivateKey) -> bytes:
    try:
        return bytes(_SUITE.decrypt(base64.b64decode(part.sealed), key, part.bound_to()))
    except (InvalidTag, ValueError):
        raise BadCopy(f"{part.agency}'s key does not open its part") from None


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
