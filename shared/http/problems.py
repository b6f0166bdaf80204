"""Refusals as `application/problem+json` (RFC 9457): a stable code, never a value of the request."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import orjson
from starlette.responses import Response

from shared.http.context import RequestContext
from shared.http.titles import Titles, title
from shared.kernel.command import Unavailable
from shared.kernel.errors import Kind, Reject

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[Kind, int] = MappingProxyType(
    {
        Kind.INVALID: 422,
        Kind.ILLEGAL_MOVE: 409,
        Kind.UNKNOWN: 404,
        Kind.STALE: 412,
        Kind.FORBIDDEN: 403,
        Kind.CONFLICT: 409,
    }
)
"""Which status answers which kind of refusal: the only such table."""

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Problem(Exception):
    """A refusal on its way to the client. `errors` pairs `pointer` (into the body) or `parameter` with a code.

    `audited` is False only where the same refusal of the same caller has left its row a moment ago.
    """

    def __init__(
        self,
        status: int,
        code: str,
        *,
        errors: Iterable[Mapping[str, str]] = (),
        headers: Mapping[str, str] = NOTHING,
        extra: Mapping[str, Any] = NOTHING,
        audited: bool = True,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.errors = tuple(errors)
        self.headers = headers
        self.extra = extra
        self.audited = audited


def not_found() -> Problem:
    """The one answer for what is hidden and what is absent."""
    return Problem(404, "NOT_FOUND")


def bad_parameter(name: str, code: str) -> Problem:
    """One wrong query parameter."""
    return Problem(422, "INVALID_PARAMETER", errors=[{"parameter": name, "code": code}])


def from_reject(no: Reject) -> Problem:
    """A rule's refusal. What is unknown answers NOT_FOUND whatever it was, since it may exist and be hidden."""
    errors = [{"pointer": pointer, "code": code} for pointer, code in no.errors]
    extra = {"legal_moves": list(no.legal_moves)} if no.legal_moves else {}
    code = "NOT_FOUND" if no.kind is Kind.UNKNOWN else no.code
    return Problem(STATUS[no.kind], code, errors=errors, extra=extra)


def from_unavailable(error: Unavailable) -> Problem:
    """Nothing can be promised now; the client may come again."""
    return Problem(503, error.code, headers={"Retry-After": str(error.retry_after_s)})


def respond(problem: Problem, context: RequestContext, titles: Titles = NOTHING) -> Response:
    """The answer."""
    content: dict[str, Any] = {
        "type": f"/problems/{problem.code.lower().replace('_', '-')}",
        "title": title(problem.code, problem.status, context.lang, titles),
        "status": problem.status,
        "code": problem.code,
        "correlation_id": context.correlation_id,
        **problem.extra,
    }
    if problem.errors:
        content["errors"] = [dict(error) for error in problem.errors]
    return Response(orjson.dumps(content), problem.status, dict(problem.headers), MEDIA_TYPE)
