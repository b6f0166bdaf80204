"""What surrounds a message's bytes: size, headers and key. Checked before a single byte is parsed."""

from shared.events.envelope import CONTENT_TYPE, MAX_EVENT_BYTES
from shared.events.incoming import Record
from shared.events.reasons import Reason
from shared.events.registry import TopicSpec

MAX_PARTNER_BYTES = 65_536
"""A partner's fact is codes and numbers, under 2 kB. Strict reading takes time in proportion to the size."""
MAX_HEADERS = 32
MAX_HEADER_BYTES = 4_096
MAX_KEY_CHARACTERS = 200

HEADERS = (("content-type", CONTENT_TYPE.encode()),)
"""What our relay sends."""
OVERSIZED = ("pulang-oversized-batch", b"")
"""Marks the record that stands for a batch which was not decompressed."""


def size_limit(topic: TopicSpec) -> int:
    """Bytes that a value may have on this topic."""
    return MAX_PARTNER_BYTES if topic.kind == "partner" else MAX_EVENT_BYTES


def value_problem(record: Record, topic: TopicSpec) -> Reason | None:
    """Why the value need not be looked at."""
    if OVERSIZED in record.headers:
        return Reason.TOO_LARGE
    if record.value is None:
        return Reason.NULL_VALUE
    if not record.value:
        return Reason.EMPTY
    return Reason.TOO_LARGE if len(record.value) > size_limit(topic) else None


def frame_problem(record: Record, topic: TopicSpec) -> Reason | None:
    """What is wrong with headers or key, if anything is."""
    return _headers_problem(record) or _key_problem(record, topic)


def _headers_problem(record: Record) -> Reason | None:
    if record.headers in ((), HEADERS):
        return None
    if len(record.headers) > MAX_HEADERS:
        return Reason.BAD_HEADERS
    kinds: set[str] = set()
    for name, value in record.headers:
        text = _header_text(name, value)
        if text is None:
            return Reason.BAD_HEADERS
        if name.lower() == "content-type":
            kinds.add(text)
    if len(kinds) > 1:
        return Reason.BAD_HEADERS
    return None if all(map(_is_ours, kinds)) else Reason.WRONG_CONTENT_TYPE


def _header_text(name: str, value: bytes | None) -> str | None:
    readable = name.isascii() and name.isprintable() and name != ""
    if not readable or value is None or len(name) + len(value) > MAX_HEADER_BYTES:
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_ours(content_type: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    return kind == CONTENT_TYPE and all(p in ("charset=utf-8", 'charset="utf-8"') for p in parameters)


def _key_problem(record: Record, topic: TopicSpec) -> Reason | None:
    if record.key_unreadable:
        return Reason.KEY_NOT_UTF8
    if not record.key:
        return None if topic.key == "none" else Reason.MISSING_KEY
    if "\x00" in record.key:
        return Reason.NUL_CHARACTER
    if len(record.key) > MAX_KEY_CHARACTERS or not record.key.isprintable():
        return Reason.INVALID_KEY
    return None
