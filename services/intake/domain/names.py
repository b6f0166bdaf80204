"""Names as people say them, compared word by word."""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"\w+")


def words_of(name: str) -> frozenset[str]:
    """Its words, without differences of case, accents and punctuation."""
    apart = unicodedata.normalize("NFKD", name)
    return frozenset(_WORD.findall("".join(c for c in apart if not unicodedata.combining(c)).casefold()))


def is_called(wanted: str, names: Iterable[str]) -> bool:
    """Whether all words of `wanted` are words of one of the names: many people have one name, or say only one."""
    words = words_of(wanted)
    return bool(words) and any(words <= words_of(name) for name in names)
