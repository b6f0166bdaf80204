"""Every route against every kind of bad input: a clear refusal, nothing decided, and no word of it said again."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI

from shared.events.strict_json import MAX_DEPTH
from shared.http.app import make_app
from shared.http.middleware import MAX_BODY_BYTES
from shared.http.specs import WRITING, RouteSpec, Style
from shared.observability.metrics import Metrics
from shared.service.definition import Service
from tests.architecture.test_house import called, every_route
from tests.support.anyone import Anyone, client_of, interface, path_of
from tests.unit.test_http_edge import backing

CANARY = "Mariakanari"
NIK = "5399014107081234"
WRITES = [(service, spec) for service, spec in every_route() if spec.body]
ROUTES = list(every_route())
JSON = "application/json"

Refusal = tuple[int, str]


def texts() -> Iterator[tuple[bytes, Refusal]]:
    """Bodies that are wrong as texts, before any model sees them."""
    said = f'"said": "{CANARY}"'
    yield b"", (400, "BODY_MISSING")
    yield b" \r\n", (400, "BODY_MISSING")
    yield f"{{{said}".encode(), (400, "NOT_JSON")
    yield f"{{{said}}} {{}}".encode(), (400, "NOT_JSON")
    yield f"{{'said': '{CANARY}'}}".encode(), (400, "NOT_JSON")
    yield f'{{"said": "{CANARY}\n"}}'.encode(), (400, "NOT_JSON")
    yield f"\ufeff{{{said}}}".encode(), (400, "NOT_JSON")
    yield f"{{{said}, {said}}}".encode(), (400, "DUPLICATE_NAME")
    yield f'{{"a": {{{said}, {said}}}}}'.encode(), (400, "DUPLICATE_NAME")
    yield f'{{"said": "{CANARY}\xff"}}'.encode("latin-1"), (400, "NOT_UTF8")
    yield f"{{{said}}}".encode("utf-16"), (400, "NOT_UTF8")
    yield f'{{"said": "{CANARY}\\u0000"}}'.encode(), (400, "NUL_CHARACTER")
    yield f'{{"said": "{CANARY}\\ud800"}}'.encode(), (400, "LONE_SURROGATE")
    yield f'{{"{CANARY}\\ud800": 1}}'.encode(), (400, "LONE_SURROGATE")
    yield f'{{"${CANARY}": 1}}'.encode(), (400, "UNSAFE_NAME")
    yield f'{{"a.{CANARY}": 1}}'.encode(), (400, "UNSAFE_NAME")
    for number in ("9" * 5000, "1." + "0" * 5000):
        yield f'{{{said}, "n": {number}}}'.encode(), (400, "NUMBER_TOO_LONG")
    for number in (str(2**63), "1e999", "-1e999"):
        yield f'{{{said}, "n": {number}}}'.encode(), (400, "NUMBER_OUT_OF_RANGE")
    for number in ("NaN", "Infinity", "-Infinity"):
        yield f'{{{said}, "n": {number}}}'.encode(), (400, "NOT_A_NUMBER")
    for depth in (MAX_DEPTH + 1, 500, 100_000):
        yield b"[" * depth + f'"{CANARY}"'.encode() + b"]" * depth, (400, "TOO_DEEP")
    yield b'"' + CANARY.encode() * (MAX_BODY_BYTES // 8) + b'"', (413, "BODY_TOO_LARGE")


def bodies(spec: RouteSpec) -> Iterator[tuple[bytes, Refusal]]:
    """Bodies that are JSON and not what this route takes."""
    fields = list(spec.body.model_fields) if spec.body else []
    for value in (CANARY, [CANARY], 1, None, True):
        yield json.dumps(value).encode(), (422, "INVALID_BODY")
    for value in (CANARY, NIK, {CANARY: CANARY}, [[CANARY]], 2**40, -1.5, None, True, "x" * 5_000):
        wrong = dict.fromkeys(fields, value) | {CANARY: CANARY, f"{CANARY.lower()}_x": NIK}
        yield json.dumps(wrong).encode(), (422, "INVALID_BODY")
    yield b'{"a": [' + b"{}," * 60_000 + b"{}]}", (422, "INVALID_BODY")


LABELS: list[tuple[list[tuple[str, str]], Refusal]] = [
    ([], (415, "WRONG_CONTENT_TYPE")),
    ([("Content-Type", "text/plain")], (415, "WRONG_CONTENT_TYPE")),
    ([("Content-Type", "application/x-www-form-urlencoded")], (415, "WRONG_CONTENT_TYPE")),
    ([("Content-Type", f"multipart/form-data; boundary={CANARY}")], (415, "WRONG_CONTENT_TYPE")),
    ([("Content-Type", "application/json, text/plain")], (415, "WRONG_CONTENT_TYPE")),
    ([("Content-Type", "application/json; charset=latin-1")], (415, "WRONG_CONTENT_TYPE")),
    ([("Content-Type", f"application/json; {CANARY}")], (415, "WRONG_CONTENT_TYPE")),
    ([("Content-Type", JSON), ("Content-Type", JSON)], (400, "REPEATED_HEADER")),
    ([("Content-Type", JSON), ("Content-Encoding", "gzip")], (415, "WRONG_CONTENT_ENCODING")),
    ([("Content-Type", JSON), ("Content-Encoding", CANARY)], (415, "WRONG_CONTENT_ENCODING")),
]


async def check(answer: httpx.Response, expected: Refusal, lines: list[Any], anyone: Anyone) -> None:
    """The refusal is the expected one, and what was sent is nowhere."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == expected
    assert len(answer.content) < 20_000
    assert anyone.decided == []
    told = f"{answer.text} {answer.headers} {lines} {[row.model_dump() for row in anyone.rows]}".lower()
    at = told.find(CANARY.lower())
    assert at < 0, told[max(0, at - 100) : at + 100]
    assert NIK not in told
    assert {row.outcome for row in anyone.rows} <= {expected[1]}
    anyone.rows.clear()


@pytest.mark.parametrize(("service", "spec"), WRITES, ids=called)
async def test_a_bad_body_is_refused_and_not_repeated(service: Service, spec: RouteSpec) -> None:
    anyone = Anyone()
    async with client_of(interface(service, anyone)) as client:
        for raw, expected in [*texts(), *bodies(spec)]:
            with structlog.testing.capture_logs() as lines:
                answer = await client.request(
                    spec.method, path_of(spec), content=raw, headers={"Content-Type": "application/json; charset=UTF-8"}
                )
            await check(answer, expected, lines, anyone)


@pytest.mark.parametrize(("service", "spec"), WRITES, ids=called)
async def test_a_body_by_another_label_is_refused(service: Service, spec: RouteSpec) -> None:
    anyone = Anyone()
    async with client_of(interface(service, anyone)) as client:
        for headers, expected in LABELS:
            with structlog.testing.capture_logs() as lines:
                answer = await client.request(spec.method, path_of(spec), content=CANARY.encode(), headers=headers)
            await check(answer, expected, lines, anyone)


def queries(spec: RouteSpec) -> Iterator[tuple[str, Refusal]]:
    """Queries that a route does not take."""
    yield f"?{CANARY}=1", (422, "UNKNOWN_PARAMETER")
    yield f"?$where={CANARY}", (422, "UNKNOWN_PARAMETER")
    yield f"?lang=id&lang={CANARY}", (422, "REPEATED_PARAMETER")
    yield f"?lang={CANARY}", (422, "INVALID_PARAMETER")
    if spec.style in WRITING:
        yield f"?wait_for={CANARY}", (422, "UNKNOWN_PARAMETER")
    else:
        yield f"?wait_for={CANARY}", (422, "INVALID_PARAMETER")
    if spec.style is Style.LIST:
        for limit in (CANARY, "0", "201", "-1", "1e2", "%D9%A3", "9" * 5000, ""):
            yield f"?limit={limit}", (422, "INVALID_PARAMETER")
        yield f"?after={CANARY}", (422, "INVALID_PARAMETER")
        for name in spec.filters or ():
            yield f"?{name}={CANARY * 50}", (422, "INVALID_PARAMETER")
            yield f"?{name}=", (422, "INVALID_PARAMETER")


@pytest.mark.parametrize(("service", "spec"), ROUTES, ids=called)
async def test_a_bad_query_is_refused_and_not_repeated(service: Service, spec: RouteSpec) -> None:
    anyone = Anyone()
    async with client_of(interface(service, anyone)) as client:
        for query, expected in queries(spec):
            with structlog.testing.capture_logs() as lines:
                answer = await client.request(spec.method, path_of(spec) + query)
            await check(answer, expected, lines, anyone)


@pytest.mark.parametrize(("service", "spec"), [pair for pair in ROUTES if "{" in pair[1].path], ids=called)
@pytest.mark.parametrize("ref", [CANARY, f"%00{CANARY}", f"%FF{CANARY}", f"..%2f{CANARY}", f"%ED%A0%80{CANARY}", NIK])
async def test_what_stands_in_a_path_is_in_no_log_and_no_audit(service: Service, spec: RouteSpec, ref: str) -> None:
    anyone = Anyone()
    async with client_of(interface(service, anyone)) as client:
        with structlog.testing.capture_logs() as lines:
            answer = await client.request(spec.method, path_of(spec, ref) + "?unknown=1")
    assert answer.status_code in {404, 405, 422}
    code = answer.json()["code"]
    await check(answer, (answer.status_code, code), lines, anyone)


HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@pytest.mark.parametrize(("service", "spec"), ROUTES, ids=called)
async def test_every_answer_tells_browsers_to_keep_and_run_nothing(service: Service, spec: RouteSpec) -> None:
    async with client_of(interface(service, Anyone())) as client:
        for path in (path_of(spec) + "?unknown=1", "/nowhere", "/health/live"):
            answer = await client.request(spec.method, path, headers={"Origin": "https://elsewhere.example"})
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
            assert not [name for name in answer.headers if name.startswith("access-control-") or name == "server"]


@pytest.mark.parametrize(("service", "spec"), ROUTES, ids=called)
async def test_other_methods_and_cross_origin_questions_are_not_answered(service: Service, spec: RouteSpec) -> None:
    served = {other.method for _, other in ROUTES if other.path == spec.path}
    preflight = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": spec.method}
    async with client_of(interface(service, Anyone())) as client:
        for method in {"OPTIONS", "HEAD", "TRACE", "PUT", "PATCH", "DELETE", "GET", "POST"} - served:
            answer = await client.request(method, path_of(spec), headers=preflight)
            assert answer.status_code == 405
            assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_outside_local_mode_browsers_keep_to_tls_and_the_interface_describes_itself_to_nobody() -> None:
    def app(local: bool) -> FastAPI:
        return make_app(service="edge", routes=[], backing=backing(), checks={}, metrics=Metrics(), local=local)

    async with client_of(app(local=False)) as real, client_of(app(local=True)) as ours:
        paths = ("/openapi.json", "/docs", "/redoc", "/docs/oauth2-redirect")
        assert [(await real.get(path)).status_code for path in paths] == [404] * 4
        assert [(await ours.get(path)).status_code for path in paths] == [200, 404, 404, 404]
        assert "max-age=63072000" in (await real.get("/health/live")).headers["strict-transport-security"]
        assert "strict-transport-security" not in (await ours.get("/health/live")).headers
