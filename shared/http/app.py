"""Puts one service's HTTP interface together. Everything comes as an argument; nothing connects here."""

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.http.context import context_of
from shared.http.documents import openapi_of
from shared.http.etag import Tagger
from shared.http.health import health_endpoints
from shared.http.limiting import Limiter
from shared.http.middleware import MAX_BODY_BYTES, BodyLimitMiddleware, ContextMiddleware, FailureMiddleware
from shared.http.ports import (
    AuditLog,
    Backing,
    Check,
    Checks,
    Directory,
    Inbox,
    Positions,
    Trail,
    Verifier,
    no_translation,
)
from shared.http.problems import NOTHING, Problem, respond
from shared.http.routes import Routes
from shared.http.secure import HEADERS, TRANSPORT
from shared.http.serving import endpoint_of
from shared.http.specs import RouteSpec
from shared.http.titles import Titles
from shared.kernel.clock import Clock
from shared.kernel.command import Bus, Unavailable
from shared.kernel.reader import Reader
from shared.observability.metrics import Metrics
from shared.security.opaque import Sealer, derive_key
from shared.security.policy.engine import Policies

VERSION = "1.0.0"


def make_backing(
    *,
    service: str,
    secret: bytes,
    positions_secret: bytes,
    bus: Bus,
    reader: Reader,
    audit: AuditLog,
    verifier: Verifier,
    directory: Directory,
    policies: Policies,
    clock: Clock,
    limiter: Limiter | None = None,
    parts: Any = None,
    positions: Positions | None = None,
    inbox: Inbox | None = None,
    fresh: Check | None = None,
    trail: Trail | None = None,
    titles: Titles = NOTHING,
    unavailable: Callable[[BaseException], Unavailable | None] = no_translation,
) -> Backing:
    """What the routes stand on. `secret` is the service's own, at least 32 random bytes; `positions_secret` is one for
    all services, since a position that one service gives out is waited for at another. Without a `limiter` of all
    processes this one holds callers to their limits by itself."""
    return Backing(
        bus=bus,
        reader=reader,
        audit=audit,
        verifier=verifier,
        directory=directory,
        policies=policies,
        clock=clock,
        limiter=limiter or Limiter(Metrics()),
        tagger=Tagger(secret, service),
        cursors=Sealer(secret, f"cursor|{service}"),
        positions_seal=Sealer(positions_secret, "position"),
        fingerprint_key=derive_key(secret, f"idempotency|{service}"),
        positions=positions,
        inbox=inbox,
        fresh=fresh,
        trail=trail,
        parts=parts,
        titles=titles,
        unavailable=unavailable,
    )


def make_app(
    *,
    service: str,
    routes: Iterable[Routes],
    backing: Backing,
    checks: Checks,
    metrics: Metrics,
    lifespan: Any = None,
    max_body_bytes: int = MAX_BODY_BYTES,
    local: bool = True,
) -> FastAPI:
    """The application. `checks` are what readiness asks; `lifespan` is Starlette's, for the service's own resources.

    Interactive documentation pages are off, since they load scripts from elsewhere; `/openapi.json` is the document,
    in local mode alone: elsewhere the interface describes itself to nobody.
    """
    app = FastAPI(
        title=f"Pulang: {service}",
        version=VERSION,
        openapi_url="/openapi.json" if local else None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        exception_handlers={HTTPException: _unmatched},
    )
    specs = [spec for each in routes for spec in each.specs]
    for spec in specs:
        app.add_api_route(spec.path, endpoint_of(spec, backing), methods=[spec.method], response_model=None)
    for path, endpoint in health_endpoints(checks, metrics).items():
        app.add_api_route(path, endpoint, include_in_schema=False)
    _document(app, specs)
    # The last one added is the outermost.
    app.add_middleware(BodyLimitMiddleware, max_bytes=max_body_bytes)
    app.add_middleware(FailureMiddleware, backing=backing)
    app.add_middleware(ContextMiddleware, metrics=metrics, headers=HEADERS if local else {**HEADERS, **TRANSPORT})
    return app


def _document(app: FastAPI, specs: list[RouteSpec]) -> None:
    made: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        if not made:
            made.append(openapi_of(app.title, app.version, specs))
        return made[0]

    app.openapi = openapi  # type: ignore[method-assign]


async def _unmatched(request: Request, error: Exception) -> Response:
    """What the router itself refuses."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(status, "INVALID_REQUEST")
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return respond(Problem(status, code, headers=headers), context_of(request.scope))
