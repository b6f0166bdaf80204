"""The edge around the routes, without any database: declarations, middleware, health, the OpenAPI document."""

import asyncio
from typing import Annotated, Any, ClassVar

import httpx
import pytest
import structlog
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from shared.http.app import make_app, make_backing
from shared.http.health import ask
from shared.http.ports import Backing
from shared.http.routes import Call, Misdeclared, Routes, Target
from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import system_clock
from shared.kernel.command import Unavailable
from shared.observability.metrics import Metrics
from shared.security.policy.classes import DataClass
from shared.security.policy.engine import no_policies
from tests.support.http import routes as ledger_routes

CANARY = "Maria Canary"


class Case(Aggregate):
    """Something to route to."""

    collection: ClassVar[str] = "cases"
    state: str = "OPEN"
    tags: tuple[str, ...] = ()
    seen: tuple[tuple[str, str], ...] = ()


class View(BaseModel):
    """How it shows."""

    id: Annotated[str, DataClass.C0]


class Careless(BaseModel):
    """An answer of which nobody said how sensitive it is."""

    id: Annotated[str, DataClass.C0]
    village: str


def careless(case: Case, call: Call) -> Careless:
    """One case."""
    return Careless(id=case.id, village="")


def view(case: Case, call: Call) -> View:
    """One case."""
    return View(id=case.id)


def bare(case: Case, call: Call):  # type: ignore[no-untyped-def]
    """A view that does not say what it answers."""


class DriverError(Exception):
    """What a database's driver raises."""


def not_now(error: BaseException) -> Unavailable | None:
    """The hook that knows the driver's errors."""
    return Unavailable() if isinstance(error, DriverError) else None


class Away:
    """Parts that nobody asks in these tests."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked")


def backing() -> Backing:
    """Nothing but the hook and the secrets."""
    away: Any = Away()
    return make_backing(
        service="edge",
        secret=b"s" * 32,
        positions_secret=b"p" * 32,
        bus=away,
        reader=away,
        audit=away,
        verifier=away,
        directory=away,
        policies=no_policies(),
        clock=system_clock,
        unavailable=not_now,
    )


def edge(endpoint: Any = None, metrics: Metrics | None = None, **checks: Any) -> FastAPI:
    """An application with one bare route beside the health routes."""
    app = make_app(
        service="edge", routes=[], backing=backing(), checks=checks, metrics=metrics or Metrics(), max_body_bytes=1000
    )
    if endpoint:
        app.add_api_route("/bare/{typed}", endpoint, methods=["GET", "POST"], response_model=None)
    return app


async def ask_app(app: FastAPI, method: str, path: str, **more: Any) -> httpx.Response:
    """One request."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
        return await client.request(method, path, **more)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ValueError(CANARY), 500, "INTERNAL_ERROR"),
        (DriverError(CANARY), 503, "UNAVAILABLE"),
        (Unavailable("TOO_BUSY"), 503, "TOO_BUSY"),
    ],
)
async def test_a_failure_is_a_problem_and_tells_nothing(error: Exception, status: int, code: str) -> None:
    async def fails(_: Request) -> Response:
        raise error

    answer = await ask_app(edge(fails), "GET", "/bare/x")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"]
    assert "canary" not in answer.text.lower()
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_correlation_and_trace_go_in_and_out() -> None:
    async def shows(_: Request) -> Response:
        return PlainTextResponse(structlog.contextvars.get_contextvars()["correlation_id"])

    given = {
        "X-Correlation-Id": "019bb2c4-8f00-7c3e-9d41-5a1f0c2e7b10",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    answer = await ask_app(edge(shows), "GET", "/bare/x", headers=given)
    assert answer.text == answer.headers["x-correlation-id"] == given["X-Correlation-Id"]
    assert answer.headers["traceparent"].split("-")[1] == "0af7651916cd43dd8448eb211c80319c"  # pragma: allowlist secret
    assert answer.headers["traceparent"] != given["traceparent"]


async def test_two_requests_at_once_keep_their_contexts_apart() -> None:
    async def shows(request: Request) -> Response:
        structlog.contextvars.bind_contextvars(typed=request.path_params["typed"])
        await asyncio.sleep(0.01)
        return PlainTextResponse(str(structlog.contextvars.get_contextvars()["typed"]))

    app = edge(shows)
    answers = await asyncio.gather(*(ask_app(app, "GET", f"/bare/{n}") for n in range(10)))
    assert [answer.text for answer in answers] == [str(n) for n in range(10)]
    assert "typed" not in structlog.contextvars.get_contextvars()


async def test_what_was_typed_into_the_path_is_in_no_log_line_and_no_metric() -> None:
    async def fails(_: Request) -> Response:
        raise ValueError(CANARY)

    metrics = Metrics()
    with structlog.testing.capture_logs() as lines:
        await ask_app(edge(fails, metrics), "GET", "/bare/5302994107081234?name=Maria")
        await ask_app(edge(None, metrics), "GET", "/nowhere/5302994107081234")
    told = repr([{k: v for k, v in line.items() if k != "exc_info"} for line in lines]) + metrics.exposition().decode()
    assert "5302994107081234" not in told
    assert "Maria" not in told
    assert {line.get("route") for line in lines} == {"/bare/{typed}", "unmatched", None}


@pytest.mark.parametrize("chunks", [[b"x" * 1001], [b"x" * 600, b"x" * 600]])
async def test_a_body_is_read_to_the_limit_and_no_further(chunks: list[bytes]) -> None:
    async def reads(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def content() -> Any:
        for chunk in chunks:
            yield chunk

    app = edge(reads)
    announced = await ask_app(app, "POST", "/bare/x", content=b"".join(chunks))
    streamed = await ask_app(app, "POST", "/bare/x", content=content())
    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert announced.json()["code"] == "BODY_TOO_LARGE"
    assert (await ask_app(app, "POST", "/bare/x", content=b"x" * 1000)).text == "1000"


async def test_a_failure_after_the_answer_began_cuts_it_off() -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError(CANARY)

    app = edge()
    app.router.routes.append(Route("/breaks", breaks_endpoint(breaks)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
        with pytest.raises(ValueError, match=CANARY):
            await client.get("/breaks")


def breaks_endpoint(app: Any) -> Any:
    """A class is taken by Starlette as an ASGI application and not as a function of a request."""

    class Endpoint:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)

    return Endpoint()


async def test_what_the_router_refuses_is_a_problem_too() -> None:
    missing = await ask_app(edge(), "GET", "/nowhere")
    wrong = await ask_app(edge(), "DELETE", "/health/live")
    assert (missing.status_code, missing.json()["code"]) == (404, "NOT_FOUND")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["allow"]


async def test_readiness_says_which_part_is_wrong_and_not_why() -> None:
    async def well() -> None:
        return None

    async def ill() -> None:
        raise ConnectionError(CANARY)

    answer = await ask_app(edge(mongo=well, kafka=ill), "GET", "/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "parts": {"mongo": "OK", "kafka": "ConnectionError"}}
    assert (await ask_app(edge(mongo=well), "GET", "/health/ready")).status_code == 200
    assert (await ask_app(edge(kafka=ill), "GET", "/health/live")).status_code == 200


async def test_a_part_that_hangs_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.http.health.TIMEOUT_S", 0.01)
    assert await ask({"kafka": lambda: asyncio.sleep(5)}) == {"kafka": "TIMEOUT"}


def declared(**changes: Any) -> None:
    """A command route with some parts changed."""
    usual = {"permission": "case.move", "audit": "CASE_MOVED", "answer": view, "on": Target("case", Case)}

    @Routes().command("POST", changes.pop("path", "/v1/cases/{case}/moves"), **(usual | changes))
    async def move(call: Call) -> None:
        """Move."""


@pytest.mark.parametrize(
    "changes",
    [
        {"permission": ""},
        {"permission": "move"},
        {"audit": ""},
        {"audit": "moved"},
        {"path": "/v1/cases/moves"},
        {"on": None, "path": "/v1/cases", "if_match": True},
        {"answer": bare},
        {"answer": careless},
        {"body": Careless},
        {"answer": lambda case, call: None},
    ],
)
def test_a_route_that_cannot_be_right_is_refused_where_it_is_written(changes: dict[str, Any]) -> None:
    declared()
    with pytest.raises(Misdeclared):
        declared(**changes)


@pytest.mark.parametrize("name", ["nothing", "seen", "created_at", "limit"])
def test_a_filter_is_a_plain_field_of_the_kind(name: str) -> None:
    def listed(*filters: str) -> None:
        Routes().list(
            "/v1/cases", permission="case.list", audit="CASES_LISTED", kind=Case, answer=view, filters=filters
        )

    listed("state", "tags")
    with pytest.raises(Misdeclared):
        listed(name)


def test_two_routes_cannot_share_a_place() -> None:
    routes = Routes()
    declare = lambda: routes.read(  # noqa: E731
        "/v1/cases/{case}", permission="case.read", audit="CASE_READ", on=Target("case", Case), answer=view
    )
    declare()
    with pytest.raises(Misdeclared):
        declare()


def test_a_view_may_be_decorated_instead_of_named() -> None:
    routes = Routes()
    routes.read("/v1/cases/{case}", permission="case.read", audit="CASE_READ", on=Target("case", Case))(view)
    (spec,) = routes.specs
    assert (spec.answer, spec.model, spec.permission, spec.audit) == (view, View, "case.read", "CASE_READ")


def test_the_document_has_schemas_examples_problems_and_the_sign_in() -> None:
    app = make_app(service="ledger", routes=[ledger_routes], backing=backing(), checks={}, metrics=Metrics())
    document = app.openapi()
    assert document["openapi"].startswith("3.1")
    opening = document["paths"]["/v1/accounts"]["post"]
    reference = opening["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert reference == "#/components/schemas/OpenBody"
    assert "AccountView" in str(opening["responses"]["201"])
    problem = opening["responses"]["422"]["content"]["application/problem+json"]
    assert problem["examples"]["INVALID_BODY"] == {"$ref": "#/components/examples/INVALID_BODY"}
    assert document["components"]["examples"]["INVALID_BODY"]["value"]["status"] == 422
    assert (opening["summary"], opening["tags"]) == ("Open an account of one's own", ["accounts"])
    assert opening["security"] == [{"bearer": []}]
    assert (opening["x-permission"], opening["x-audit-action"]) == ("account.open", "ACCOUNT_OPENED")
    adding = document["paths"]["/v1/accounts/{account}/amounts"]["post"]
    assert {"account", "Idempotency-Key", "If-Match"} <= {parameter["name"] for parameter in adding["parameters"]}
    listing = document["paths"]["/v1/accounts"]["get"]
    assert {"limit", "after", "total"} <= {parameter["name"] for parameter in listing["parameters"]}


def test_the_document_refers_to_nothing_that_it_does_not_hold() -> None:
    app = make_app(service="ledger", routes=[ledger_routes], backing=backing(), checks={}, metrics=Metrics())
    document = app.openapi()

    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*(references(inner) for inner in part.values()))
        return set().union(*map(references, part)) if isinstance(part, list) else set()

    found = {tuple(reference.removeprefix("#/components/").split("/")) for reference in references(document)}
    assert {room for room, _ in found} == {"schemas", "examples"}
    assert [name for room, name in found if name not in document["components"][room]] == []
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
