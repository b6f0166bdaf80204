"""JSON logs in UTC, redacted by type: what may be printed is listed, everything else shows its type's name alone."""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import date, datetime
from enum import Enum
from typing import Any, TextIO

import orjson
import structlog
from structlog.contextvars import merge_contextvars

from shared.observability.joining import merge_cause

MAX_TEXT = 500
MAX_DEPTH = 8
MAX_ITEMS = 50
MAX_FRAMES = 30

Event = MutableMapping[str, Any]


def configure_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging through one redacting JSON renderer; once per process."""
    shared: list[Any] = [
        merge_contextvars,
        merge_cause,
        structlog.stdlib.add_log_level,
        _stamp,
        _describe_exception,
        redact_event,
    ]
    structlog.configure(
        processors=[*shared, _to_json],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stdout),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(_ForeignFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.getLevelNamesMapping()[level], logging.INFO))
    logging.getLogger("uvicorn.access").disabled = True  # it prints paths and queries as they were typed
    logging.getLogger("httpx").setLevel(logging.WARNING)


def redact(value: Any, depth: int = 0) -> Any:
    """The value as it may be printed: text, numbers, times, codes and collections of them; else its type's name."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return redact(value.value, depth)
    if isinstance(value, str):
        return str.__str__(value)[:MAX_TEXT]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if depth < MAX_DEPTH and isinstance(value, Mapping):
        return {_key(name): redact(item, depth + 1) for name, item in list(value.items())[:MAX_ITEMS]}
    if depth < MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth + 1) for item in list(value)[:MAX_ITEMS]]
    return f"<{type(value).__name__}>"


def redact_event(_: Any, __: str, event: Event) -> Event:
    """The processor: every value of a log line goes through `redact`."""
    return {_key(name): redact(value) for name, value in event.items()}


def describe_exception(error: BaseException) -> dict[str, Any]:
    """An exception as type and places. Never its message: drivers and validators quote what they were given."""
    frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    told: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    code = getattr(error, "code", None)
    if isinstance(code, int) or (isinstance(code, str) and code.replace("_", "").isalnum() and code.isupper()):
        told["code"] = code
    if error.__cause__ is not None:
        told["cause"] = describe_exception(error.__cause__)
    if isinstance(error, BaseExceptionGroup):
        told["members"] = [describe_exception(member) for member in error.exceptions[:MAX_ITEMS]]
    return told


def _describe_exception(_: Any, __: str, event: Event) -> Event:
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = describe_exception(error)
    event.pop("stack_info", None)
    return event


class _ForeignFormatter(logging.Formatter):
    """A line from a library: its template with redacted arguments, so that an exception passed as %s says its type."""

    def format(self, record: logging.LogRecord) -> str:
        event: Event = {"event": _fill(record), "logger": record.name, "level": record.levelname.lower()}
        if record.exc_info:
            event["exc_info"] = record.exc_info
        for processor in (merge_contextvars, merge_cause, _stamp, _describe_exception, redact_event):
            event = processor(None, "", event)
        return _to_json(None, "", event)


def _fill(record: logging.LogRecord) -> str:
    args = record.args
    template = record.msg if isinstance(record.msg, str) else f"<{type(record.msg).__name__}>"
    try:
        if isinstance(args, Mapping):
            return str(template % redact(args))
        return template % tuple(redact(value) for value in args or ()) if args else template
    except (TypeError, ValueError):
        return template


def _stamp(_: Any, __: str, event: Event) -> Event:
    return structlog.processors.TimeStamper(fmt="iso", utc=True)(None, "", event)


def _key(name: Any) -> str:
    return name if isinstance(name, str) else f"<{type(name).__name__}>"


def _to_json(_: Any, __: str, event: Event) -> str:
    return orjson.dumps(event, default=lambda value: f"<{type(value).__name__}>").decode()
