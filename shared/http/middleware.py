"""What surrounds every request, as plain ASGI: BaseHTTPMiddleware runs the application in another task, where
context variables set inside are lost outside (Kludex/starlette#1525)."""

import asyncio
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from shared.http.context import REFUSED_KEY, SCOPE_KEY, context_of, new_context
from shared.http.ports import Backing
from shared.http.problems import Problem, from_unavailable, respond
from shared.http.secure import HEADERS
from shared.kernel.command import Unavailable
from shared.observability.metrics import Metrics

log = structlog.get_logger()

MAX_BODY_BYTES = 256 * 1024
BODY_S = 20.0
"""How long a body may take to arrive."""
LAST = {"Connection": "close"}
QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})
"""Asked every few seconds by machines."""


class ContextMiddleware:
    """Makes the request's context, echoes it in the answer's headers, and writes one log line and two metrics.

    A log line names the route's template and never the path or query: people type names and numbers into both.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, headers: Mapping[str, str] = HEADERS) -> None:
        self._app = app
        self._metrics = metrics
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = new_context(Request(scope).headers, scope["query_string"].decode("latin-1"))
        scope[SCOPE_KEY] = context
        clear_contextvars()
        bind_contextvars(correlation_id=context.correlation_id, trace_id=context.trace.trace_id)
        began, status = time.perf_counter(), 500

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Correlation-Id"] = context.correlation_id
                headers["traceparent"] = str(context.trace)
                headers.update(self._headers)
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            self._tell(scope, status, time.perf_counter() - began)
            clear_contextvars()

    def _tell(self, scope: Scope, status: int, duration_s: float) -> None:
        route = route_of(scope)
        self._metrics.requests.labels(route, str(status)).inc()
        self._metrics.request_duration.labels(route).observe(duration_s)
        if REFUSED_KEY in scope:
            self._metrics.tokens_refused.labels(scope[REFUSED_KEY]).inc()
        if route not in QUIET:
            log.info("answered", method=scope["method"], route=route, status=status, duration_s=round(duration_s, 4))


def route_of(scope: MutableMapping[str, Any]) -> str:
    """The template of the route that answered."""
    return getattr(scope.get("route"), "path", None) or "unmatched"


class FailureMiddleware:
    """Turns what no route caught into a problem: 503 where the parts are away, 500 where it is our bug."""

    def __init__(self, app: ASGIApp, backing: Backing) -> None:
        self._app = app
        self._backing = backing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception as error:
            problem = self._problem(error)
            if started:
                raise
            await respond(problem, context_of(scope), self._backing.titles)(scope, receive, send)

    def _problem(self, error: Exception) -> Problem:
        if isinstance(error, Problem):
            return error
        away = error if isinstance(error, Unavailable) else self._backing.unavailable(error)
        if away is None:
            log.error("request_failed", exc_info=error)
            return Problem(500, "INTERNAL_ERROR")
        log.warning("unavailable", code=away.code, cause=type(error).__name__)
        return from_unavailable(away)


class BodyLimitMiddleware:
    """Stops reading at the limits of size and time, whatever the headers claimed. The refusal travels through the
    route (and its audit) as a Problem, and ends the connection: what else it sends is nobody's request."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        got, until = 0, 0.0
        now = asyncio.get_running_loop().time

        async def receive_some() -> Message:
            nonlocal got, until
            if self._announced(scope) > self._max_bytes:
                raise Problem(413, "BODY_TOO_LARGE", headers=LAST)
            until = until or now() + BODY_S
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise Problem(408, "BODY_TOO_SLOW", headers=LAST) from None
            got += len(message.get("body", b""))
            if got > self._max_bytes:
                raise Problem(413, "BODY_TOO_LARGE", headers=LAST)
            return message

        await self._app(scope, receive_some, send)

    @staticmethod
    def _announced(scope: Scope) -> int:
        announced = Request(scope).headers.get("content-length", "0")
        return int(announced) if announced.isascii() and announced.isdigit() else 0
