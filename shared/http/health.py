"""`/health/live`: the process runs. `/health/ready`: all its parts work, asked now; says which does not."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.http.ports import Check, Checks
from shared.observability.metrics import CONTENT_TYPE, Metrics

log = structlog.get_logger()

TIMEOUT_S = 2.5
OK = "OK"

Endpoint = Callable[[Request], Awaitable[Response]]


async def ask(checks: Checks) -> dict[str, str]:
    """Each part with OK, TIMEOUT or its error's type: a message could quote an address or worse."""
    answers = await asyncio.gather(*(_ask_one(check) for check in checks.values()))
    return dict(zip(checks, answers, strict=True))


async def _ask_one(check: Check) -> str:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await check()
    except TimeoutError:
        return "TIMEOUT"
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a part is the answer
        return type(error).__name__
    return OK


def health_endpoints(checks: Checks, metrics: Metrics) -> dict[str, Endpoint]:
    """Path → endpoint, for whoever runs the service; they need no sign-in and show nothing of its data."""

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(_: Request) -> Response:
        parts = await ask(checks)
        wrong = sorted(name for name, state in parts.items() if state != OK)
        if wrong:
            log.warning("not_ready", wrong=wrong)
        return JSONResponse({"status": "not ready" if wrong else "ready", "parts": parts}, 503 if wrong else 200)

    async def exposition(_: Request) -> Response:
        return Response(metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})

    return {"/health/live": live, "/health/ready": ready, "/metrics": exposition}
