"""Whether a schema keeps the promises of an older one of the same major version.

What was valid must stay valid, and what readers could rely on must stay there: they replay what was kept, and they
are not all released on one day. Widening is allowed; readers are then released before writers. Anything that this
module doesn't understand counts as a break.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_ANNOTATIONS = {"$schema", "$id", "$defs", "$ref", "title", "description", "default", "examples"}
_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minItems", "minLength", "minProperties")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxItems", "maxLength", "maxProperties")
_RULES = ("pattern", "format", "additionalProperties", "prefixItems", "propertyNames", "uniqueItems", "multipleOf")
_HANDLED = {"type", "enum", "const", "anyOf", "properties", "patternProperties", "required", "items"}


def breaks(old: Schema, new: Schema) -> list[str]:
    """Each broken promise as `<pointer>: <what>`; empty where the new schema is a compatible successor."""
    return list(_compare(_inlined(old, old), _inlined(new, new), ""))


def _inlined(schema: Any, root: Schema) -> Any:
    """The schema with its references replaced by what they refer to."""
    if isinstance(schema, list):
        return [_inlined(member, root) for member in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        target = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        return _inlined({**target, **{name: value for name, value in schema.items() if name != "$ref"}}, root)
    return {name: _inlined(value, root) for name, value in schema.items() if name != "$defs"}


def _compare(old: Schema, new: Schema, at: str) -> Iterator[str]:
    """Every alternative of the old schema has to find one in the new that takes it in."""
    choices = new.get("anyOf", [new])
    for alternative in old.get("anyOf", [old]):
        attempts = [list(_compare_one(alternative, choice, at)) for choice in choices]
        yield from min(attempts, key=len)


def _compare_one(old: Schema, new: Schema, at: str) -> Iterator[str]:
    yield from _compare_kind(old, new, at)
    yield from _compare_limits(old, new, at)
    yield from _compare_members(old, new, at)
    if "items" in new:
        yield from _compare(old.get("items", {}), new["items"], f"{at}/*")
    for name in sorted(old.keys() | new.keys()):
        understood = {*_ANNOTATIONS, *_HANDLED, *_LOWER_BOUNDS, *_UPPER_BOUNDS, *_RULES}
        if name not in understood and old.get(name) != new.get(name):
            yield f"{at}: {name} changed"


def _compare_kind(old: Schema, new: Schema, at: str) -> Iterator[str]:
    widened = (old.get("type"), new.get("type")) == ("integer", "number")
    if "type" in new and old.get("type") != new["type"] and not widened:
        yield f"{at}: type {old.get('type', 'any')} became {new['type']}"
    before, after = _values(old), _values(new)
    if after is not None and (before is None or any(value not in after for value in before)):
        yield f"{at}: values were taken away"


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _compare_limits(old: Schema, new: Schema, at: str) -> Iterator[str]:
    for name in _LOWER_BOUNDS:
        if name in new and (name not in old or new[name] > old[name]):
            yield f"{at}: {name} rose"
    for name in _UPPER_BOUNDS:
        if name in new and (name not in old or new[name] < old[name]):
            yield f"{at}: {name} fell"
    for name in _RULES:
        if name in new and new[name] != old.get(name):
            yield f"{at}: {name} is another"


def _compare_members(old: Schema, new: Schema, at: str) -> Iterator[str]:
    before, after = old.get("required", []), new.get("required", [])
    yield from (f"{at}/{name}: became required" for name in after if name not in before)
    yield from (f"{at}/{name}: is no longer always there" for name in before if name not in after)
    for group in ("properties", "patternProperties"):
        for name, member in old.get(group, {}).items():
            if name in new.get(group, {}):
                yield from _compare(member, new[group][name], f"{at}/{name}")
            else:
                yield f"{at}/{name}: is gone"
    if old.keys() & {"patternProperties"} != new.keys() & {"patternProperties"}:
        yield f"{at}: other names are allowed"
