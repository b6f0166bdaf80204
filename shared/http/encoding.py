"""How answers look as JSON: times in Central Indonesian time with their offset, bytes never."""

from datetime import date, datetime
from typing import Any

import orjson

from shared.kernel.clock import WITA

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_SORT_KEYS


def to_json(value: Any) -> bytes:
    """The value as JSON with sorted keys; raises TypeError for what an answer may not hold (bytes above all)."""
    return orjson.dumps(value, _default, _OPTIONS)


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(WITA).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{type(value).__name__} is not for answers")
