"""The OpenAPI 3.1 document: made of the declarations, so that it cannot disagree with them."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import models_json_schema

from shared.http.problems import MEDIA_TYPE
from shared.http.specs import RouteSpec, Style
from shared.http.titles import title
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
    status: int
    code: str = Field(examples=["NOT_FOUND"])
    correlation_id: str = Field(examples=[EXAMPLE_ID])
    errors: list[FaultyField] | None = None
    legal_moves: list[str] | None = None
    changed: list[str] | None = None
    etag: str | None = None


def openapi_of(title_: str, version: str, specs: Iterable[RouteSpec]) -> dict[str, Any]:
    """The document. FastAPI makes it from routes that exist for this purpose alone: the served ones read their bodies
    themselves, within limits and after the permission, so that FastAPI never sees the models."""
    described = FastAPI()
    for spec in specs:
        _describe(described, spec)
    document = get_openapi(title=title_, version=version, openapi_version="3.1.0", routes=described.routes)
    components = document.setdefault("components", {})
    _, problem = models_json_schema([(ProblemDetails, "validation")], ref_template=REF)
    components["schemas"] = {**components.get("schemas", {}), **problem["$defs"]}
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    return document


def _describe(app: FastAPI, spec: RouteSpec) -> None:
    app.add_api_route(
        spec.path,
        _signed(spec),
        methods=[spec.method],
        response_model=_WRAPPED.get(spec.style, _itself)(spec.model),
        status_code=spec.status,
        tags=[tag_of(spec)],
        summary=spec.summary,
        description=spec.description,
        operation_id=operation_id(spec),
        responses=problems_of(spec),
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
    return create_model(f"{item.__name__}Page", items=(list[item], ...), next=(str | None, None))  # type: ignore[valid-type]


def found_model(item: type[BaseModel]) -> type[BaseModel]:
    """The model of what a search found."""
    whole = (bool, Field(description="Whether all that the caller may look through was looked through."))
    return create_model(f"{item.__name__}Found", items=(list[item], ...), complete=whole)  # type: ignore[valid-type]


def _itself(model: type[BaseModel]) -> type[BaseModel]:
    return model


_WRAPPED: Mapping[Style, Callable[[type[BaseModel]], type[BaseModel]]] = MappingProxyType(
    {Style.LIST: page_model, Style.SEARCH: found_model}
)


def operation_extra(spec: RouteSpec) -> dict[str, Any]:
    """What the declaration says beyond what FastAPI sees."""
    return {
        "security": [{"bearer": []}],
        "parameters": list(_parameters(spec)),
        "x-permission": spec.permission,
        "x-audit-action": spec.audit,
    }


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
    if spec.if_match:
        yield _parameter("If-Match", "header", {"type": "string"}, required=True, example='"3q2_-qkZ0x1Ab9"')


def path_names(path: str) -> list[str]:
    """The placeholders of a path."""
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _parameter(name: str, place: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": schema, **more}


_COMMON = ((400, "PURPOSE_UNKNOWN"), (401, "TOKEN_EXPIRED"), (429, "RATE_LIMITED"), (503, "UNAVAILABLE"))


def problems_of(spec: RouteSpec) -> dict[int | str, dict[str, Any]]:
    """The refusals that a client of this route must expect."""
    expected = [*_COMMON, (404, "NOT_FOUND") if spec.is_item else (403, "FORBIDDEN")]
    if spec.body:
        expected += [(400, "NOT_JSON"), (413, "BODY_TOO_LARGE"), (415, "WRONG_CONTENT_TYPE"), (422, "INVALID_BODY")]
    else:
        expected += [(422, "INVALID_PARAMETER")]
    if spec.style is Style.COMMAND:
        expected += [(400, "IDEMPOTENCY_KEY_MISSING"), (409, "ILLEGAL_MOVE")]
    if spec.if_match:
        expected += [(412, "VERSION_CONFLICT"), (428, "IF_MATCH_MISSING")]
    return cast("dict[int | str, dict[str, Any]]", {status: _documented(status, code) for status, code in expected})


def _documented(status: int, code: str) -> dict[str, Any]:
    example = {
        "type": f"/problems/{code.lower().replace('_', '-')}",
        "title": title(code, status, "id"),
        "status": status,
        "code": code,
        "correlation_id": EXAMPLE_ID,
    }
    content = {"schema": {"$ref": REF.format(model="ProblemDetails")}, "example": example}
    return {"description": title(code, status, "en"), "content": {MEDIA_TYPE: content}}
