"""A request's body: read within its limit, strictly, into the route's model; every failing field is listed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from shared.events.strict_json import read
from shared.http.problems import Problem

M = TypeVar("M", bound=BaseModel)

MAX_ERRORS = 100
MAX_EXAMINED = 500
"""Faults are compared with each other: a body of ten thousand empty lists would keep everybody else waiting."""

CODES: Mapping[str, str] = MappingProxyType(
    {
        "missing": "REQUIRED",
        "extra_forbidden": "UNKNOWN_FIELD",
        "enum": "NOT_IN_LIST",
        "literal_error": "NOT_IN_LIST",
        "union_tag_invalid": "NOT_IN_LIST",
        "union_tag_not_found": "REQUIRED",
        "string_too_short": "TOO_SHORT",
        "string_too_long": "TOO_LONG",
        "too_short": "TOO_FEW",
        "too_long": "TOO_MANY",
        "string_pattern_mismatch": "BAD_FORMAT",
        "greater_than": "OUT_OF_RANGE",
        "greater_than_equal": "OUT_OF_RANGE",
        "less_than": "OUT_OF_RANGE",
        "less_than_equal": "OUT_OF_RANGE",
        "multiple_of": "OUT_OF_RANGE",
        "finite_number": "OUT_OF_RANGE",
        "timezone_aware": "TIME_WITHOUT_OFFSET",
        "value_error": "BAD_VALUE",
        "assertion_error": "BAD_VALUE",
    }
)
"""What pydantic calls a fault → what we call it, whatever pydantic's next version calls it."""


async def read_raw(request: Request, media_types: Collection[str] = ("application/json",)) -> bytes:
    """The body's bytes; raises a Problem where it is no such plain JSON by its labels (415), missing (400), too large
    (413) or too slow (408). Compressed bodies are not taken: a small one may unpack to any size."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem(415, "WRONG_CONTENT_ENCODING")
    _, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type_of(request) not in media_types:
        raise Problem(415, "WRONG_CONTENT_TYPE")
    if parameters.strip().lower().replace('"', "") not in ("", "charset=utf-8"):
        raise Problem(415, "WRONG_CONTENT_TYPE")
    raw = await request.body()
    if not raw.strip():
        raise Problem(400, "BODY_MISSING")
    return raw


def media_type_of(request: Request) -> str:
    """What the body is by its label, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def parse_body(raw: bytes, model: type[M]) -> M:
    """The body as the model; raises a Problem: 400 where it cannot be read, 422 with a code for every wrong field."""
    reading = read(raw)
    if reading.problem is not None:
        raise Problem(400, reading.problem.value)
    try:
        return model.model_validate_json(raw, strict=True, extra="forbid")
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)[:MAX_EXAMINED]
    known = words_of(model)
    raise Problem(
        422, "INVALID_BODY", errors=_without_echoes([_fault(fault, reading.value, known) for fault in faults])
    )


def code_of(pydantic_type: str) -> str:
    """Our code for a fault. A model's own codes (PydanticCustomError with an UPPER_SNAKE type) stay as they are."""
    if pydantic_type.isupper():
        return pydantic_type
    if pydantic_type in CODES:
        return CODES[pydantic_type]
    if pydantic_type.endswith(("_type", "_parsing", "_from_date_parsing")):
        return "WRONG_TYPE"
    return "BAD_VALUE"


@cache
def words_of(model: type[BaseModel]) -> frozenset[str]:
    """The names of all fields and codes that a body of this model may hold, at whatever depth: our own words."""
    return frozenset(_words(model.model_json_schema()))


def _words(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for name, part in schema.items():
            if name == "properties":
                yield from part
            elif name == "enum":
                yield from (code for code in part if isinstance(code, str))
            yield from _words(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _words(part)


def _fault(fault: ErrorDetails, body: Any, known: frozenset[str]) -> dict[str, str]:
    pointer = pointer_of(fault["loc"], body, known, is_missing=fault["type"] == "missing")
    return {"pointer": pointer, "code": code_of(fault["type"])}


def _without_echoes(faults: list[dict[str, str]]) -> list[dict[str, str]]:
    """Pydantic counts only an array's good items, so that a wrong item makes the array too short as well."""
    pointers = [fault["pointer"] for fault in faults]
    echoes = {
        at
        for at, fault in enumerate(faults)
        if fault["code"] == "TOO_FEW" and any(other.startswith(f"{fault['pointer']}/") for other in pointers)
    }
    return [fault for at, fault in enumerate(faults) if at not in echoes][:MAX_ERRORS]


def pointer_of(loc: Sequence[int | str], body: Any, known: frozenset[str], *, is_missing: bool) -> str:
    """The JSON pointer (RFC 6901) of a fault. Steps that are not in the body (a union's tags) are left out.

    A name that the model does not know is not repeated: it is the client's own text, and may be somebody's name.
    """
    pointer, here = "", body
    for place, step in enumerate(loc):
        last = place == len(loc) - 1
        inside = _inside(here, step)
        if not inside and not (last and is_missing):
            continue
        if isinstance(step, str) and step not in known:
            return pointer
        pointer += f"/{step}"
        here = here[step] if inside else None
    return pointer


def _inside(here: Any, step: int | str) -> bool:
    if isinstance(here, dict):
        return step in here
    return isinstance(here, list) and isinstance(step, int) and 0 <= step < len(here)
