"""Filters of the database, joined so that none of them can widen or overwrite another.

A filter is a mapping over stored fields (`id` is stored as `_id`); an empty one matches every document. While filters
are put together, True stands for "every document" and False for "none".
"""

from collections.abc import Iterable, Mapping
from typing import Any

Filter = Mapping[str, Any]
Test = Filter | bool


def all_of(tests: Iterable[Test]) -> Test:
    """Documents that satisfy every test."""
    parts: list[Filter] = []
    for test in tests:
        if test is False:
            return False
        if not isinstance(test, bool):
            parts.append(test)
    return _joined("$and", parts) if parts else True


def any_of(tests: Iterable[Test]) -> Test:
    """Documents that satisfy at least one test."""
    parts: list[Filter] = []
    for test in tests:
        if test is True:
            return True
        if not isinstance(test, bool):
            parts.append(test)
    return _joined("$or", parts) if parts else False


def none_of(test: Test) -> Test:
    """Documents that do not satisfy the test: its exact complement, absent fields included."""
    return not test if isinstance(test, bool) else {"$nor": [test]}


def both(*filters: Filter) -> Filter:
    """Documents that satisfy all filters."""
    joined = all_of(part or True for part in filters)
    return {} if isinstance(joined, bool) else joined


def _joined(word: str, parts: list[Filter]) -> Filter:
    return parts[0] if len(parts) == 1 else {word: parts}
