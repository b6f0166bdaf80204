"""What a connection may cost before any route is asked, on a real socket: sizes, times, and what is no HTTP."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared.http.server import MAX_HEAD_BYTES, MAX_HEADERS, BoundedProtocol, server_config
from tests.unit.test_http_edge import edge

MUCH = 30_000_000
CANARY = b"Maria-Canary"


class Impatient(BoundedProtocol):
    """The same with times that a test can wait for."""

    head_s = 0.3
    request_s = 0.6
    answer_s = 0.3
    max_request_bytes = 20_000


async def reads(request: Request) -> Response:
    """How much came."""
    return PlainTextResponse(str(len(await request.body())))


async def ignores(_: Request) -> Response:
    """Answers without reading."""
    return PlainTextResponse("never mind")


async def tells_much(_: Request) -> Response:
    """More than any buffer holds."""
    return PlainTextResponse("x" * MUCH)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    """The application on a free port."""
    app = edge(reads)
    app.add_api_route("/ignores", ignores, methods=["POST"])
    app.add_api_route("/tells-much", tells_much)
    config = server_config(app, "127.0.0.1", 0)
    config.http = Impatient
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def exchange(port: int, *parts: bytes, pause_s: float = 0.0, patience_s: float = 5.0) -> bytes:
    """All that comes back until the server closes; empty where it just closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            with contextlib.suppress(ConnectionError):
                writer.write(part)
                await writer.drain()
            await asyncio.sleep(pause_s)
        return await asyncio.wait_for(_rest(reader), patience_s)
    finally:
        writer.close()


async def _rest(reader: asyncio.StreamReader) -> bytes:
    got = b""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            got += chunk
    return got


def problem(answer: bytes) -> tuple[int, str]:
    """Status and code; the answer must be a problem document that quotes nothing."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head.lower()
    assert b"connection: close" in head.lower()
    assert b"nosniff" in head.lower()
    assert b"server:" not in head.lower()
    assert CANARY not in answer
    told = json.loads(body)
    assert told["status"] == int(head.split(b" ")[1])
    return told["status"], told["code"]


HOST = b"Host: a\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /bare/x HTTP/1.1\r\n" + HOST + b"X-A: " + CANARY * 2000 + b"\r\n\r\n",
        b"GET /bare/x HTTP/1.1\r\n" + HOST + (b"X-A: " + CANARY + b"\r\n") * (MAX_HEADERS + 1) + b"\r\n",
        b"GET /bare/" + CANARY * 2000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /bare/x HTTP/1.1\r\n" + HOST + b"X-A: " + b"x" * (MAX_HEAD_BYTES + 1),
    ],
    ids=["one large header", "many headers", "a long path", "a header without end"],
)
async def test_a_large_head_is_refused(port: int, raw: bytes) -> None:
    assert problem(await exchange(port, raw)) == (431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize(
    "raw",
    [
        CANARY + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /bare/" + "Mária".encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"POST /bare/x HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /bare/x HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"POST /bare/x HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
        b"POST /bare/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /bare/x HTTP/1.1\r\n" + HOST + b"X-A: a\x00b\r\n\r\n",
        b"GET /bare/x HTTP/1.1\r\n" + HOST + b"X-A : a\r\n\r\n",
        b"BREW /bare/x HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /bare/x HTTP/9.9\r\n" + HOST + b"\r\n",
    ],
    ids=[
        "no HTTP",
        "TLS",
        "raw bytes in a path",
        "two framings",
        "two lengths",
        "a negative length",
        "a wrong chunk",
        "NUL in a header",
        "a space before the colon",
        "an unknown method",
        "an unknown version",
    ],
)
async def test_what_is_no_http_is_refused_in_our_own_words(port: int, raw: bytes) -> None:
    assert problem(await exchange(port, raw)) == (400, "NOT_HTTP")


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"GET /bare/x HT",),
        (b"GET /bare/x HTTP/1.1\r\n", *[b"X-A: a\r\n"] * 10),
    ],
    ids=["nothing", "half a line", "a header now and then"],
)
async def test_a_head_that_never_ends_is_cut_off(port: int, parts: tuple[bytes, ...]) -> None:
    began = asyncio.get_running_loop().time()
    assert await exchange(port, *parts, pause_s=0.1) == b""
    assert asyncio.get_running_loop().time() - began < 2


async def test_a_body_that_comes_too_slowly_is_answered_408(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.http.middleware.BODY_S", 0.2)
    head = b"POST /bare/x HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\n"
    assert problem(await exchange(port, head, *[b"x"] * 3, pause_s=0.08)) == (408, "BODY_TOO_SLOW")


@pytest.mark.parametrize("length", [b"Content-Length: 1000000", b"Transfer-Encoding: chunked"])
async def test_a_body_that_nobody_reads_ends_the_connection(port: int, length: bytes) -> None:
    head = b"POST /ignores HTTP/1.1\r\n" + HOST + length + b"\r\n\r\n"
    began = asyncio.get_running_loop().time()
    assert b"200 OK" in await exchange(port, head, *[b"1\r\nx\r\n"] * 4, pause_s=0.05)
    await exchange(port, head, *[b"1000\r\n" + b"x" * 4096 + b"\r\n"] * 20)
    assert asyncio.get_running_loop().time() - began < 4


async def test_a_body_too_large_is_refused_at_its_announcement_and_closes(port: int) -> None:
    head = b"POST /bare/x HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n"
    assert problem(await exchange(port, head)) == (413, "BODY_TOO_LARGE")


async def test_a_client_that_does_not_take_its_answer_is_cut_off(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(b"GET /tells-much HTTP/1.1\r\n" + HOST + b"\r\n")
    await asyncio.sleep(1.2)
    got = 0
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            got += len(chunk)
    assert got < MUCH
    writer.close()


async def test_a_patient_pair_of_requests_on_one_connection_is_served(port: int) -> None:
    one = b"POST /bare/x HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\nab"
    last = b"POST /bare/x HTTP/1.1\r\n" + HOST + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc"
    answers = await exchange(port, one, last, pause_s=0.25)
    assert [answers.count(b"200 OK"), answers.count(b"server:")] == [2, 0]
    assert answers.endswith(b"3")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "OPTIONS", "PROPFIND", "PUT"])
async def test_methods_that_nothing_here_serves_are_refused(port: int, method: str) -> None:
    head = (
        f"{method} /health/live HTTP/1.1\r\nX-Secret: Maria-Canary\r\nConnection: close\r\n".encode() + HOST + b"\r\n"
    )
    status, _ = problem(await exchange(port, head))
    assert status in {400, 405}


async def test_web_sockets_are_not_spoken(port: int) -> None:
    raw = (
        b"GET /health/live HTTP/1.1\r\n" + HOST + b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert b"101" not in (await exchange(port, raw)).split(b"\r\n")[0]
