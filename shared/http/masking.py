"""The one place where answers lose what their reader may not see, and bodies are held to what their writer may say.

Each field of an answer and of a body has a data class: `Annotated[str, DataClass.C3]`, or its model's `data_class`. A
field whose value is a part with classes of its own needs none. What has no class cannot be declared as a route.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from inspect import isclass
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, Field, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from shared.http.problems import Problem
from shared.security.policy.classes import Classes, DataClass


class Part(BaseModel):
    """A part of an answer. `data_class` is the class of every field that names no other."""

    data_class: ClassVar[DataClass | None] = None

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema says each field's class, and that whatever has one beyond C0 may be masked."""
        schema = handler.resolve_ref_schema(handler(core))
        for each in plan_of(cls):
            if each.data_class not in (None, DataClass.C0):
                shape = schema["properties"][each.name]
                schema["properties"][each.name] = _or_null(shape) | {"x-data-class": each.data_class.value}
        return schema


class View(Part):
    """An answer."""

    masked: tuple[str, ...] = Field(
        (), description="JSON pointers of the fields that this reader may not see; they are null here.", examples=[[]]
    )


def _or_null(shape: JsonSchemaValue) -> JsonSchemaValue:
    """The same, or null; what describes the field stays outside."""
    if {"type": "null"} in shape.get("anyOf", ()):
        return shape
    told = ("title", "description", "examples", "default")
    outside: JsonSchemaValue = {name: shape[name] for name in told if name in shape}
    inside = {name: value for name, value in shape.items() if name not in outside}
    return {**outside, "anyOf": [inside, {"type": "null"}]}


@dataclass(frozen=True, slots=True)
class Planned:
    """One field: its class, or the part in which the classes are."""

    name: str
    data_class: DataClass | None
    part: type[BaseModel] | None


@cache
def plan_of(model: type[BaseModel]) -> tuple[Planned, ...]:
    """The fields of an answer or a body, each with its class."""
    default = getattr(model, "data_class", None)
    named = ((name, field) for name, field in model.model_fields.items() if name != "masked")
    return tuple(_planned(name, field, default) for name, field in named)


def _planned(name: str, field: FieldInfo, default: DataClass | None) -> Planned:
    own = next((mark for mark in field.metadata if isinstance(mark, DataClass)), None)
    part = next(_models(field.annotation), None)
    if own is None and part is not None and (default is None or _has_classes(part)):
        return Planned(name, None, part)
    return Planned(name, own or default, None)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _has_classes(part: type[BaseModel]) -> bool:
    return bool(classes_of(part))


@cache
def classes_of(model: type[BaseModel]) -> Classes:
    """All classes that occur in an answer."""
    found = {each.data_class for each in plan_of(model) if each.data_class}
    return frozenset(found).union(*(classes_of(each.part) for each in plan_of(model) if each.part))


def classes_asked(model: type[BaseModel], filter_: str) -> Classes:
    """What a filter of a list may tell: the class of the answer's field of that name. One that names no field of its
    own (a part's, a reference under another name) may tell as much as all of the answer."""
    own = frozenset(each.data_class for each in plan_of(model) if each.name == filter_ and each.data_class)
    return own or classes_of(model)


def unclassed(model: type[BaseModel], at: str = "") -> Iterator[str]:
    """Pointers of the fields without a class."""
    for each in plan_of(model):
        if each.part:
            yield from unclassed(each.part, f"{at}/{each.name}")
        elif each.data_class is None:
            yield f"{at}/{each.name}"


def masked(view: BaseModel, shows: Classes) -> dict[str, Any]:
    """The answer's fields as its reader may see them; `masked` lists the pointers of those that are null for that."""
    fields = view.model_dump(mode="python")
    if not classes_of(type(view)) <= shows:
        pointers = list(_mask(fields, type(view), shows, ""))
        if "masked" in fields:
            fields["masked"] = (*fields["masked"], *pointers)
    return fields


def _mask(fields: dict[str, Any], model: type[BaseModel], shows: Classes, at: str) -> Iterator[str]:
    for each in plan_of(model):
        place, value = f"{at}/{each.name}", fields[each.name]
        if each.part is None and each.data_class not in shows:
            fields[each.name] = None
            yield place
        elif each.part is not None and isinstance(value, dict):
            yield from _mask(value, each.part, shows, place)
        elif each.part is not None and isinstance(value, list | tuple):
            for number, item in enumerate(value):
                yield from _mask(item, each.part, shows, f"{place}/{number}")


def keep_to(body: BaseModel, writes: Classes) -> None:
    """Hold a body to the classes that its writer may write.

    A null where the field was masked for them says nothing: it counts as left out, so that what they could not see
    stays untouched. Anything else there is refused: 422 with the pointers.
    """
    if classes_of(type(body)) <= writes:
        return
    errors = [{"pointer": pointer, "code": "NOT_YOURS_TO_WRITE"} for pointer in _overstepped(body, writes, "")]
    if errors:
        raise Problem(422, "INVALID_BODY", errors=errors)


def _overstepped(body: BaseModel, writes: Classes, at: str) -> Iterator[str]:
    for each in plan_of(type(body)):
        value = getattr(body, each.name)
        if each.name not in body.model_fields_set:
            continue
        if each.part is None and each.data_class not in writes:
            if value is not None:
                yield f"{at}/{each.name}"
            body.__pydantic_fields_set__.discard(each.name)
        elif isinstance(value, BaseModel):
            yield from _overstepped(value, writes, f"{at}/{each.name}")
        elif each.part is not None and isinstance(value, list | tuple):
            for number, item in enumerate(value):
                yield from _overstepped(item, writes, f"{at}/{each.name}/{number}")
