"""What joins a log line to the act that it belongs to, also across topics and processes."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from structlog.typing import EventDict

from shared.kernel.context import Cause
from shared.observability.tracing import parse_traceparent

_cause: ContextVar[Cause | None] = ContextVar("cause", default=None)
_OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE)


def joined(correlation_id: str | None, traceparent: str | None = None) -> dict[str, str]:
    """`correlation_id` and `trace_id`, for a line or as its context; what has another form than ours stays out, since
    a partner chooses the ids of its facts, and may choose a name."""
    trace = parse_traceparent(traceparent)
    ids = {"correlation_id": correlation_id} if correlation_id and _OURS.fullmatch(correlation_id) else {}
    return ids | ({"trace_id": trace.trace_id} if trace else {})


def joined_by(cause: Cause) -> dict[str, str]:
    """The same for what a cause brings about."""
    return joined(cause.correlation_id, cause.traceparent)


@contextmanager
def on_behalf_of(cause: Cause) -> Iterator[None]:
    """Lines within belong to this cause. Looked at when a line is written and not before: most events write none."""
    token = _cause.set(cause)
    try:
        yield
    finally:
        _cause.reset(token)


def merge_cause(_: Any, __: str, event: EventDict) -> EventDict:
    """The processor: a line's own ids go first."""
    cause = _cause.get()
    return event if cause is None else {**joined_by(cause), **event}
