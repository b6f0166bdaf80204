"""What surrounds one request: made by the middleware, found in the request's scope by everyone behind it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs

from shared.kernel.ids import new_id
from shared.observability.tracing import Trace, continue_trace

Lang = Literal["id", "en"]

SCOPE_KEY = "pulang.context"
REFUSED_KEY = "pulang.token_refused"
"""Why a token was refused: for the metrics, since the answer does not say it."""
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Correlation joins all that one act of a person causes; the trace joins the steps of this request."""

    correlation_id: str
    trace: Trace
    lang: Lang
    request_id: str


def new_context(headers: Mapping[str, str], query: str) -> RequestContext:
    """The context of a request, from its headers (names in lower case) and its raw query string."""
    return RequestContext(
        correlation_id=correlation_of(headers.get("x-correlation-id")),
        trace=continue_trace(headers.get("traceparent")),
        lang=language_of(query, headers.get("accept-language")),
        request_id=new_id(),
    )


def correlation_of(header: str | None) -> str:
    """The caller's id where it is a UUID, else a new one: it ends up in events and logs, where no name may go."""
    return header if header and _UUID.fullmatch(header) else new_id()


def language_of(query: str, accept: str | None) -> Lang:
    """`?lang=` first, then `Accept-Language` (RFC 9110 §12.5.4), then Indonesian."""
    asked = parse_qs(query).get("lang", [""])[-1]
    if asked in ("id", "en"):
        return "en" if asked == "en" else "id"
    weights: dict[str, float] = {}
    for part in (accept or "").split(","):
        tag, _, parameter = part.strip().partition(";")
        weights.setdefault(tag.strip().lower().split("-")[0], _weight(parameter))
    return "en" if weights.get("en", 0) > weights.get("id", 0) else "id"


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def context_of(scope: Mapping[str, Any]) -> RequestContext:
    """The context that the middleware left in the scope."""
    found = scope[SCOPE_KEY]
    if not isinstance(found, RequestContext):
        raise TypeError("the context middleware is missing")
    return found
