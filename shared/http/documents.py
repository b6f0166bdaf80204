"""The OpenAPI 3.1 document: made of the declarations, so that it cannot disagree with them."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import models_json_schema

from shared.events.envelope import BATCH_CONTENT_TYPE, CONTENT_TYPE
from shared.http.examples import Schema, example_of
from shared.http.inbox import MAX_BATCH
from shared.http.problems import MEDIA_TYPE
from shared.http.specs import RouteSpec, Style
from shared.http.titles import BY_STATUS, title
from shared.reference.roles import PURPOSES
from shared.security.policy.asking import CASEWORK

REF = "#/components/schemas/{model}"
EXAMPLE_ID = "019bb2c4-8f00-7c3e-9d41-5a1f0c2e7b10"


class FaultyField(BaseModel):
    """One wrong field of the body (`pointer`, RFC 6901) or parameter of the query."""

    pointer: str | None = Field(None, examples=["/persons/0/sex"])
    parameter: str | None = Field(None, examples=["limit"])
    code: str = Field(examples=["NOT_IN_LIST"])


class ProblemDetails(BaseModel):
    """A refusal (RFC 9457). Programs read `code`; people read `title`, in their language."""

    type: str = Field(examples=["/problems/not-found"])
    title: str = Field(examples=["Tidak ditemukan"])
    status: int = Field(examples=[404])
    code: str = Field(examples=["NOT_FOUND"])
    correlation_id: str = Field(examples=[EXAMPLE_ID])
    errors: list[FaultyField] | None = None
    legal_moves: list[str] | None = None
    changed: list[str] | None = None
    etag: str | None = None


def openapi_of(title_: str, version: str, specs: Iterable[RouteSpec]) -> dict[str, Any]:
    """The document. FastAPI makes it from routes that exist for this purpose alone: the served ones read their bodies
    themselves, within limits and after the permission, so that FastAPI never sees the models."""
    described, specs = FastAPI(), list(specs)
    for spec in specs:
        _describe(described, spec)
    document = get_openapi(title=title_, version=version, openapi_version="3.1.0", routes=described.routes)
    components = document.setdefault("components", {})
    _, problem = models_json_schema([(ProblemDetails, "validation")], ref_template=REF)
    components["schemas"] = {**components.get("schemas", {}), **problem["$defs"]}
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    components["examples"] = {code: _problem(status, code) for spec in specs for status, code in refusals_of(spec)}
    for spec in specs:
        _exemplify(document["paths"][spec.path][spec.method.lower()], spec, components["schemas"])
    return document


def _exemplify(operation: dict[str, Any], spec: RouteSpec, schemas: Mapping[str, Schema]) -> None:
    """Give the body and the answer of a route an example each."""
    answer = operation["responses"][str(spec.status)]
    answer["description"] = _SUCCESS[spec.status]
    for part in (operation.get("requestBody"), answer):
        if part:
            for content in part["content"].values():
                content["example"] = example_of(content["schema"], schemas, f"{spec.method} {spec.path}: ")


_SUCCESS = {200: "What was asked for, or the new state", 201: "Made; `Location` says where it is"}


def _describe(app: FastAPI, spec: RouteSpec) -> None:
    app.add_api_route(
        spec.path,
        _signed(spec),
        methods=[spec.method],
        response_model=answer_model(spec),
        status_code=spec.status,
        tags=[tag_of(spec)],
        summary=spec.summary,
        description=spec.description,
        operation_id=operation_id(spec),
        responses=responses_of(spec),
        openapi_extra=operation_extra(spec),
    )


def _signed(spec: RouteSpec) -> Callable[..., Any]:
    """A function with the signature that FastAPI would read the body's model from."""

    def described(**_: Any) -> None:
        raise NotImplementedError("describes a route and serves none")

    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("body", kind, annotation=spec.body)] if spec.body else []
    described.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return described


def tag_of(spec: RouteSpec) -> str:
    """The noun that a route is filed under: the last one of its path."""
    return [part for part in spec.path.split("/") if part and not part.startswith("{")][-1]


def operation_id(spec: RouteSpec) -> str:
    """A name for generated clients, unique since method and path are."""
    words = spec.path.replace("{", "by_").replace("}", "").strip("/").split("/")
    return "_".join([spec.method.lower(), *words]).replace("-", "_")


def page_model(item: type[BaseModel]) -> type[BaseModel]:
    """The model of a page of these items."""
    following = Field(None, description="`?after=` of the next page.", examples=[None])
    return create_model(f"{item.__name__}Page", items=(list[item], ...), next=(str | None, following))  # type: ignore[valid-type]


def found_model(item: type[BaseModel]) -> type[BaseModel]:
    """The model of what a search found."""
    whole = (bool, Field(description="Whether all that the caller may look through was looked through."))
    return create_model(f"{item.__name__}Found", items=(list[item], ...), complete=whole)  # type: ignore[valid-type]


_WRAPPED: Mapping[Style, Callable[[type[BaseModel]], type[BaseModel]]] = MappingProxyType(
    {Style.LIST: page_model, Style.SEARCH: found_model}
)


def answer_model(spec: RouteSpec) -> type[BaseModel]:
    """The model of what success answers."""
    return _WRAPPED[spec.style](spec.model) if spec.style in _WRAPPED else spec.model


def operation_extra(spec: RouteSpec) -> dict[str, Any]:
    """What the declaration says beyond what FastAPI sees."""
    return {
        "security": [{"bearer": []}],
        "parameters": list(_parameters(spec)),
        **({"requestBody": _events()} if spec.style is Style.INBOX else {}),
        "x-permission": spec.permission,
        "x-audit-action": spec.audit,
    }


_EVENT: Mapping[str, Any] = {
    "type": "object",
    "description": "An event of the agency's own topic, as `docs/asyncapi.yaml` describes it: CloudEvents 1.0 in JSON.",
    "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
    "properties": {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {"type": "string", "examples": ["LPSK-2026-0001"]},
        "source": {"type": "string", "examples": ["/partner/lpsk"]},
        "type": {"type": "string", "examples": ["id.pulang.lpsk.protection.submitted.v1"]},
        "subject": {"type": "string", "examples": ["PP-004/2026"]},
        "time": {"type": "string", "format": "date-time", "examples": ["2026-05-14T11:00:00+08:00"]},
        "data": {
            "type": "object",
            "examples": [
                {
                    "occurred_at": "2026-05-14T10:40:00+08:00",
                    "foreign_no": "PP-004/2026",
                    "case_no": "NTT-2026-048213",
                    "applicant": "VICTIM",
                }
            ],
        },
    },
}


def _events() -> dict[str, Any]:
    """What an inbox takes."""
    batch = {"type": "array", "minItems": 1, "maxItems": MAX_BATCH, "items": _EVENT}
    return {"required": True, "content": {CONTENT_TYPE: {"schema": _EVENT}, BATCH_CONTENT_TYPE: {"schema": batch}}}


_QUERY: dict[str, dict[str, Any]] = {
    "lang": {"type": "string", "enum": ["id", "en"]},
    "limit": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
}


def _parameters(spec: RouteSpec) -> Iterable[dict[str, Any]]:
    for name in path_names(spec.path):
        yield _parameter(name, "path", {"type": "string"}, required=True, example=EXAMPLE_ID)
    for name in sorted(spec.query_names):
        yield _parameter(name, "query", _QUERY.get(name, {"type": "string"}))
    purposes = {"type": "string", "enum": list(PURPOSES)}
    if spec.needs_purpose:
        yield _parameter("X-Purpose", "header", purposes, required=True, example=CASEWORK)
    else:
        yield _parameter("X-Purpose", "header", purposes | {"default": CASEWORK})
    if spec.style is Style.COMMAND:
        key = {"type": "string", "minLength": 1, "maxLength": 200}
        yield _parameter("Idempotency-Key", "header", key, required=spec.method == "POST", example=EXAMPLE_ID)
    if spec.style is Style.READ:
        yield _parameter("If-None-Match", "header", {"type": "string"}, example='"3q2_-qkZ0x1Ab9"')
    if spec.if_match:
        yield _parameter("If-Match", "header", {"type": "string"}, required=True, example='"3q2_-qkZ0x1Ab9"')


def path_names(path: str) -> list[str]:
    """The placeholders of a path."""
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _parameter(name: str, place: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": schema, **more}


Refusals = Iterable[tuple[int, str]]

_ALWAYS: Refusals = (
    *((400, code) for code in ("PURPOSE_UNKNOWN", "REPEATED_HEADER")),
    *((401, code) for code in ("TOKEN_MISSING", "TOKEN_EXPIRED", "TOKEN_INVALID")),
    (403, "STAFF_UNKNOWN"),
    *((422, code) for code in ("UNKNOWN_PARAMETER", "REPEATED_PARAMETER", "INVALID_PARAMETER")),
    (429, "RATE_LIMITED"),
    *((503, code) for code in ("UNAVAILABLE", "SIGN_IN_UNAVAILABLE")),
)
_OF_BODIES: Refusals = (
    *((400, code) for code in ("BODY_MISSING", "NOT_JSON")),
    (408, "BODY_TOO_SLOW"),
    (413, "BODY_TOO_LARGE"),
    *((415, code) for code in ("WRONG_CONTENT_TYPE", "WRONG_CONTENT_ENCODING")),
    (422, "INVALID_BODY"),
)
_OF_READS: Refusals = ((503, "DIRECTORY_STALE"), (503, "POSITION_NOT_REACHED"))
_OF_COMMANDS: Refusals = (
    *((400, code) for code in ("IDEMPOTENCY_KEY_MISSING", "IDEMPOTENCY_KEY_INVALID")),
    (404, "NOT_FOUND"),
    (409, "ILLEGAL_MOVE"),
    (422, "IDEMPOTENCY_KEY_REUSED"),
    *((503, code) for code in ("OUTCOME_UNKNOWN", "TOO_BUSY")),
)
_OF_INBOXES: Refusals = (
    (403, "PARTNER_SHUT_OUT"),
    *(refusal for refusal in _OF_BODIES if refusal != (422, "INVALID_BODY")),
    (409, "CONFLICTING_DUPLICATE"),
    (422, "INVALID_EVENT"),
)
_OF_WRITES: Mapping[Style, Refusals] = MappingProxyType({Style.COMMAND: _OF_COMMANDS, Style.INBOX: _OF_INBOXES})
_OF_PRECONDITIONS: Refusals = ((400, "IF_MATCH_INVALID"), (412, "VERSION_CONFLICT"), (428, "IF_MATCH_MISSING"))


def refusals_of(spec: RouteSpec) -> Iterator[tuple[int, str]]:
    """What a client of this route must expect, as (status, code); a rule's own codes come beside ILLEGAL_MOVE."""
    yield from _ALWAYS
    yield from [(400, "PURPOSE_MISSING")] if spec.needs_purpose else ()
    yield (404, "NOT_FOUND") if spec.is_item else (403, "FORBIDDEN")
    yield from _OF_BODIES if spec.body else ()
    yield from _OF_WRITES.get(spec.style, _OF_READS)
    yield from _OF_PRECONDITIONS if spec.if_match else ()


def responses_of(spec: RouteSpec) -> dict[int | str, dict[str, Any]]:
    """The answers beside success: each status with an example of each code."""
    codes: dict[int | str, dict[str, None]] = {}
    for status, code in refusals_of(spec):
        codes.setdefault(status, {})[code] = None
    documented = {status: _documented(int(status), list(found)) for status, found in sorted(codes.items())}
    unchanged: dict[int | str, dict[str, Any]] = {304: {"description": "Not changed since the tag in If-None-Match"}}
    return {**(unchanged if spec.style is Style.READ else {}), **documented}


def _documented(status: int, codes: Sequence[str]) -> dict[str, Any]:
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    content = {"schema": {"$ref": REF.format(model="ProblemDetails")}, "examples": examples}
    return {"description": BY_STATUS[status][1], "content": {MEDIA_TYPE: content}}


def _problem(status: int, code: str) -> dict[str, Any]:
    problem = {
        "type": f"/problems/{code.lower().replace('_', '-')}",
        "title": title(code, status, "id"),
        "status": status,
        "code": code,
        "correlation_id": EXAMPLE_ID,
    }
    return {"summary": title(code, status, "en"), "value": problem}
