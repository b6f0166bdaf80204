"""How the interface listens: uvicorn, with bounds on what a connection may cost before any route is asked.

The parser has no limit of its own: without these, one endless header fills the memory, and a connection that sends a
byte a minute is held for ever.
"""

import asyncio
from typing import Any

import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.http.middleware import MAX_BODY_BYTES
from shared.http.problems import MEDIA_TYPE
from shared.http.secure import HEADERS
from shared.http.titles import title

MAX_CONNECTIONS = 1024
MAX_HEAD_BYTES = 16 * 1024
MAX_HEADERS = 64


def server_config(app: Any, host: str, port: int) -> uvicorn.Config:
    """How to serve it. Logs are ours; nothing in an answer says what serves it; there are no web sockets."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=5,
    )


class TooLarge(Exception):
    """The head of a request exceeds its bounds."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. A request that is not whole in time, or a client that does not take its answer, ends it."""

    head_s = 10.0
    """From the first byte, or the connection's beginning, to the end of the headers."""
    request_s = 40.0
    """To the end of the body; the route has given up long before (408)."""
    answer_s = 30.0
    """How long a full buffer may wait for a client that does not read."""
    max_request_bytes = 8 * MAX_BODY_BYTES
    """On the wire, with all that is around the body; what a route may read is bounded by itself."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._received = 0
        self._head_bytes = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait(self.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            self._wait(self.head_s)
        self._received += len(data)
        super().data_received(data)
        if self._received > (MAX_HEAD_BYTES if self._in_head else self.max_request_bytes):
            self._refuse(431 if self._in_head else 413)

    def on_message_begin(self) -> None:
        self._head_bytes, self._in_head = 0, True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(name, value)
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            raise TooLarge

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._wait(self.request_s)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._received = True, 0
        self._wait(None)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What the parser refuses. Its own words would be the only text of ours that is no problem document."""
        self._refuse(431 if self._head_bytes > MAX_HEAD_BYTES or len(self.headers or ()) > MAX_HEADERS else 400)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(self.answer_s, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Closing politely would wait for a client that does not read."""
        self.transport.abort()

    def _wait(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)

    def _count(self, *parts: bytes) -> None:
        self._head_bytes += sum(map(len, parts))
        if self._head_bytes > MAX_HEAD_BYTES:
            raise TooLarge

    def _refuse(self, status: int) -> None:
        if self.transport.is_closing():
            return
        code = {400: "NOT_HTTP", 413: "BODY_TOO_LARGE", 431: "HEADERS_TOO_LARGE"}[status]
        content = orjson.dumps(
            {
                "type": f"/problems/{code.lower().replace('_', '-')}",
                "title": title(code, status, "id"),
                "status": status,
            }
            | {"code": code}
        )
        headers = {**HEADERS, "Content-Type": MEDIA_TYPE, "Content-Length": str(len(content)), "Connection": "close"}
        lines = [f"{name}: {value}\r\n".encode() for name, value in headers.items()]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", content]))
        self.transport.close()
