"""Why a message is none of ours: stable codes, for dead letters, quarantine, metrics and the runbook."""

from enum import StrEnum


class Reason(StrEnum):
    """A message's first fault. Codes are never renamed: operators search for them."""

    NULL_VALUE = "NULL_VALUE"
    """A tombstone; none of our topics knows them."""
    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    BAD_HEADERS = "BAD_HEADERS"
    """Too many, too long, not text, or two that contradict each other."""
    WRONG_CONTENT_TYPE = "WRONG_CONTENT_TYPE"
    """Something other than structured CloudEvents in JSON and UTF-8."""
    MISSING_KEY = "MISSING_KEY"
    KEY_NOT_UTF8 = "KEY_NOT_UTF8"
    INVALID_KEY = "INVALID_KEY"
    KEY_MISMATCH = "KEY_MISMATCH"
    """The record's key and the envelope's `partitionkey` differ."""

    NOT_UTF8 = "NOT_UTF8"
    NOT_JSON = "NOT_JSON"
    NOT_AN_OBJECT = "NOT_AN_OBJECT"
    TOO_DEEP = "TOO_DEEP"
    DUPLICATE_NAME = "DUPLICATE_NAME"
    """Parsers disagree which of two equal names counts (RFC 8259 section 4), so neither does."""
    NOT_A_NUMBER = "NOT_A_NUMBER"
    """NaN or an infinity, which JSON doesn't have."""
    NUMBER_TOO_LONG = "NUMBER_TOO_LONG"
    NUMBER_OUT_OF_RANGE = "NUMBER_OUT_OF_RANGE"
    """Beyond 64 bits, signed: the database could not keep it."""
    LONE_SURROGATE = "LONE_SURROGATE"
    NUL_CHARACTER = "NUL_CHARACTER"
    UNSAFE_NAME = "UNSAFE_NAME"
    """A field name that a database would read as an operator or as a path."""

    MISSING_ATTRIBUTE = "MISSING_ATTRIBUTE"
    UNKNOWN_ATTRIBUTE = "UNKNOWN_ATTRIBUTE"
    INVALID_ATTRIBUTE = "INVALID_ATTRIBUTE"
    WRONG_SPECVERSION = "WRONG_SPECVERSION"
    WRONG_SOURCE = "WRONG_SOURCE"
    """Not one of those who may write to this topic."""
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    TYPE_NOT_ALLOWED = "TYPE_NOT_ALLOWED"
    """A type that exists, but not on this topic."""

    MISSING_FIELD = "MISSING_FIELD"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    INVALID_FIELD = "INVALID_FIELD"
    DATE_OUT_OF_RANGE = "DATE_OUT_OF_RANGE"


class Refused(Exception):
    """A message was refused. `pointer` (RFC 6901) names one of our own fields, never anything the sender chose."""

    def __init__(self, reason: Reason, pointer: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer
