"""One example of a body or an answer, made of its fields' examples: no document shows what nobody could send."""

from collections.abc import Mapping
from typing import Any

from shared.http.specs import Misdeclared

Schema = Mapping[str, Any]

_FORMATS = {"date-time": "2026-05-14T09:30:00+08:00", "date": "2026-05-14"}


def example_of(schema: Schema, parts: Mapping[str, Schema], at: str = "") -> Any:
    """An example of this JSON schema, whose `$ref`s name `parts`: a part's own example wins, and what has none is
    put together. Raises Misdeclared, with a pointer, for a text or a map whose declaration gives no example."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return example_of(parts[schema["$ref"].rpartition("/")[2]], parts, at)
    if "anyOf" in schema:
        return example_of(next(each for each in schema["anyOf"] if each.get("type") != "null"), parts, at)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    return _by_type(schema, parts, at)


def _by_type(schema: Schema, parts: Mapping[str, Schema], at: str) -> Any:
    match schema.get("type"), schema:
        case "object", {"properties": fields}:
            return {name: example_of(field, parts, f"{at}/{name}") for name, field in fields.items()}
        case "array", {"items": item}:
            return [example_of(item, parts, f"{at}/0")]
        case "boolean", _:
            return False
        case "integer", _:
            return int(schema.get("minimum", 1))
        case "string", {"format": known} if known in _FORMATS:
            return _FORMATS[known]
    raise Misdeclared(f"{at or '/'} has no example: Field(examples=[…])")
