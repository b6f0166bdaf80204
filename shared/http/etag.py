"""ETags (RFC 9110 §8.8.3): a keyed hash over what this reader sees, field by field.

Nothing hidden enters it, so that it changes only when the reader could see why. The fields' parts let a 412 name
what changed without anything being stored. The key keeps a stranger from testing guesses against a tag.
"""

import re
from collections.abc import Mapping
from typing import Any

from shared.http.encoding import to_json
from shared.http.problems import Problem
from shared.security.opaque import b64url, derive_key, keyed_hash

_WHOLE = 12
_PART = 3
_FORM = re.compile(r'"([A-Za-z0-9_-]{12,2000})"')


class Tagger:
    """Makes and compares the tags of one service."""

    def __init__(self, secret: bytes, service: str) -> None:
        self._key = derive_key(secret, f"etag|{service}")

    def tag(self, ref: str, shown: Mapping[str, Any]) -> str:
        """The tag of a representation, without quotes. `ref` separates records that happen to show the same."""
        parts = {name: keyed_hash(self._key, ref.encode(), name.encode(), to_json(shown[name])) for name in shown}
        whole = keyed_hash(self._key, ref.encode(), *(parts[name] for name in sorted(parts)))
        return b64url(whole)[:_WHOLE] + "".join(b64url(parts[name])[:_PART] for name in sorted(parts))


def changed_fields(old: str, new: str, names: Mapping[str, Any]) -> list[str]:
    """Which top-level fields differ between two tags of one representation; empty where the tags do not compare."""
    if len(old) != len(new) or len(new) != _WHOLE + _PART * len(names):
        return []
    places = enumerate(sorted(names))
    return [name for at, name in places if _part(old, at) != _part(new, at)]


def _part(tag: str, at: int) -> str:
    return tag[_WHOLE + _PART * at : _WHOLE + _PART * (at + 1)]


def quoted(tag: str) -> str:
    """The tag as a header's value."""
    return f'"{tag}"'


def required_match(header: str | None) -> str:
    """The tag of `If-Match`; 428 where it is missing, 400 where it is not one strong tag of ours."""
    if header is None:
        raise Problem(428, "IF_MATCH_MISSING")
    found = _FORM.fullmatch(header.strip())
    if found is None:
        raise Problem(400, "IF_MATCH_INVALID")
    return found[1]


def none_match(header: str | None, tag: str) -> bool:
    """Whether `If-None-Match` already holds this tag, so that 304 is the answer."""
    return header is not None and quoted(tag) in (part.strip().removeprefix("W/") for part in header.split(","))
