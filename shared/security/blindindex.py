"""Blind indexes: keyed hashes by which an exact value is found again without being stored.

A NIK has 16 digits of which most are guessable, so that only the key stands between a copy of the database and the
number; it is kept apart from the database, and rotates with the master key.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

from shared.security.keyring import Ring
from shared.security.opaque import derive_key, keyed_hash

_NOT_A_DIGIT = re.compile(r"[^0-9]")


class BlindIndex:
    """Hashes of one service. The same value has different hashes for different purposes and keys."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    @property
    def version(self) -> str:
        """Under which version of the key `of` hashes."""
        return self._ring.current

    def of(self, purpose: str, value: str) -> bytes:
        """32 bytes (HMAC-SHA256): equal for two spellings of one value, where the purpose knows spellings."""
        return _hash(self._ring.secret, purpose, value)

    def any_of(self, purpose: str, value: str) -> tuple[bytes, ...]:
        """What to look a value up by: its hash under each version, since some may not have moved on yet."""
        return tuple(_hash(secret, purpose, value) for secret in self._ring.secrets.values())


def _hash(secret: str, purpose: str, value: str) -> bytes:
    spelling = SPELLINGS.get(purpose, plain_text)
    return keyed_hash(derive_key(secret.encode(), f"index|{purpose}"), spelling(value).encode())


def plain_text(text: str) -> str:
    """Without differences of case, width, accents' encoding and space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def plain_nik(text: str) -> str:
    """A NIK's digits alone: people group them with spaces, dots and dashes."""
    return _NOT_A_DIGIT.sub("", unicodedata.normalize("NFKC", text))


def plain_phone(text: str) -> str:
    """A number in international form without the plus: `0812…`, `+62 812…` and `0062812…` are one number.

    A foreign number keeps its country's code; one without any is taken as Indonesian.
    """
    is_international = text.strip().startswith("+")
    digits = plain_nik(text)
    if digits.startswith("00"):
        digits, is_international = digits[2:], True
    if is_international or digits.startswith("62"):
        # "+62 (0)812" is a common way to write both forms at once.
        return "62" + digits[3:] if digits.startswith("620") else digits
    return "62" + digits.removeprefix("0")


SPELLINGS: Mapping[str, Callable[[str], str]] = MappingProxyType({"nik": plain_nik, "phone": plain_phone})
"""How values of a purpose are brought to one spelling; purposes not listed compare as plain text."""
