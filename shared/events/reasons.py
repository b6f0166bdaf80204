"""Why a message is none of ours: stable codes, for dead letters, quarantine, metrics and the runbook."""

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A message's first fault, with what it means. Codes are never renamed: operators search for them."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Self:
        """A member that is its code and knows its meaning."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    NULL_VALUE = "NULL_VALUE", "no value (a tombstone); none of our topics knows them"
    EMPTY = "EMPTY", "a value without a byte"
    TOO_LARGE = "TOO_LARGE", "more bytes than this topic allows; not even parsed"
    BAD_HEADERS = "BAD_HEADERS", "headers too many, too long, not text, without value, or contradicting each other"
    WRONG_CONTENT_TYPE = "WRONG_CONTENT_TYPE", "something other than structured CloudEvents in JSON and UTF-8"
    MISSING_KEY = "MISSING_KEY", "no key, so no order"
    KEY_NOT_UTF8 = "KEY_NOT_UTF8", "a key that is no text"
    INVALID_KEY = "INVALID_KEY", "a key with control characters, or longer than 200 characters"
    KEY_MISMATCH = "KEY_MISMATCH", "the record's key and the envelope's `partitionkey` differ (our own topics)"

    NOT_UTF8 = "NOT_UTF8", "bytes that are no UTF-8"
    NOT_JSON = "NOT_JSON", "text that is no JSON, or not all of it"
    NOT_AN_OBJECT = "NOT_AN_OBJECT", "JSON, but no object"
    TOO_DEEP = "TOO_DEEP", "nested deeper than anything we say"
    DUPLICATE_NAME = "DUPLICATE_NAME", "a name twice in one object: parsers disagree which counts (RFC 8259 section 4)"
    NOT_A_NUMBER = "NOT_A_NUMBER", "NaN or an infinity, which JSON doesn't have"
    NUMBER_TOO_LONG = "NUMBER_TOO_LONG", "a number of more than 40 characters"
    NUMBER_OUT_OF_RANGE = "NUMBER_OUT_OF_RANGE", "a number beyond 64 bits, which no database could keep"
    LONE_SURROGATE = "LONE_SURROGATE", "half a character (`\\ud800`), which is no Unicode text"
    NUL_CHARACTER = "NUL_CHARACTER", "a NUL in a text, a name or the key"
    UNSAFE_NAME = "UNSAFE_NAME", "a field name that a database would read as an operator or as a path (`$where`, `a.b`)"

    MISSING_ATTRIBUTE = "MISSING_ATTRIBUTE", "an attribute of the envelope is missing"
    UNKNOWN_ATTRIBUTE = "UNKNOWN_ATTRIBUTE", "an attribute that partners may not send"
    INVALID_ATTRIBUTE = "INVALID_ATTRIBUTE", "an attribute of the wrong form"
    WRONG_SPECVERSION = "WRONG_SPECVERSION", "another version of CloudEvents than 1.0"
    WRONG_SOURCE = "WRONG_SOURCE", "a source that may not write to this topic"
    UNKNOWN_TYPE = "UNKNOWN_TYPE", "a type that doesn't exist"
    TYPE_NOT_ALLOWED = "TYPE_NOT_ALLOWED", "a type that exists, but not on this topic"

    MISSING_FIELD = "MISSING_FIELD", "the body lacks a field"
    UNKNOWN_FIELD = "UNKNOWN_FIELD", "the body has a field that partners may not send"
    INVALID_FIELD = "INVALID_FIELD", "a field of the wrong form"
    DATE_OUT_OF_RANGE = "DATE_OUT_OF_RANGE", "a time or day outside the years 2000 to 2200"


class Refused(Exception):
    """A message was refused. `pointer` (RFC 6901) names one of our own fields, never anything the sender chose."""

    def __init__(self, reason: Reason, pointer: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer
