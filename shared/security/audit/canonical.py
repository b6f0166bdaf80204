"""One way to write a document as bytes, so that whoever hashes it gets the same."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, without spaces, in ASCII; a time is `{"$date": "2026-05-14T05:20:00.000Z"}`."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_other).encode()


def sha256(value: Any) -> str:
    """The hash of a value's canonical bytes, as 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def moment(at: datetime) -> str:
    """A time as the audit writes it: UTC, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def content_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a stored entry is hashed: everything but its place in the chains."""
    return {"id" if name == "_id" else name: value for name, value in row.items() if name != "chain"}


def _other(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"$date": moment(value)}
    return {"$type": type(value).__name__}  # no entry holds such a thing: whoever put it there changed the hash
