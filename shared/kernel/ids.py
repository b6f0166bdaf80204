"""Identifiers."""

import hashlib

import uuid_utils


def new_id() -> str:
    """A fresh UUIDv7 (RFC 9562) as 36 characters: sorts by the millisecond in which it was made."""
    return str(uuid_utils.uuid7())


def derived_id(*parts: str) -> str:
    """The same 32 hex digits for the same parts: for effects that may be attempted twice and must count once."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
