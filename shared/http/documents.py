"""The OpenAPI 3.1 document: made of the declarations, so that it cannot disagree with them."""

from collections.abc import Iterable
from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from shared.http.problems import MEDIA_TYPE
from shared.http.specs import RouteSpec, Style
from shared.http.titles import title

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


def openapi_of(app: FastAPI, specs: Iterable[RouteSpec]) -> dict[str, Any]:
    """The document, with every model that a declaration names among its components."""
    document = get_openapi(
        title=app.title, version=app.version, openapi_version="3.1.0", routes=app.routes, description=app.description
    )
    components = document.setdefault("components", {})
    models: dict[type[BaseModel], None] = dict.fromkeys(spec.body for spec in specs if spec.body)
    models[ProblemDetails] = None
    _, schemas = models_json_schema([(model, "validation") for model in models], ref_template=REF)
    components["schemas"] = {**schemas.get("$defs", {}), **components.get("schemas", {})}
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    return document


def operation_extra(spec: RouteSpec) -> dict[str, Any]:
    """What the declaration says beyond what FastAPI sees."""
    extra: dict[str, Any] = {
        "security": [{"bearer": []}],
        "parameters": list(_parameters(spec)),
        "x-permission": spec.permission,
        "x-audit-action": spec.audit,
    }
    if spec.body:
        content = {"schema": {"$ref": REF.format(model=spec.body.__name__)}}
        extra["requestBody"] = {"required": True, "content": {"application/json": content}}
    return extra


def _parameters(spec: RouteSpec) -> Iterable[dict[str, Any]]:
    for name in path_names(spec.path):
        yield _parameter(name, "path", {"type": "string"}, required=True, example=EXAMPLE_ID)
    yield _parameter("lang", "query", {"type": "string", "enum": ["id", "en"]})
    if spec.style is not Style.COMMAND:
        yield _parameter("wait_for", "query", {"type": "string"})
    if spec.style is Style.LIST:
        yield _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50})
        yield _parameter("after", "query", {"type": "string"})
    for name in (*(spec.filters or ()), *spec.parameters):
        yield _parameter(name, "query", {"type": "string"})
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


_COMMON = ((401, "TOKEN_EXPIRED"), (503, "UNAVAILABLE"))


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
