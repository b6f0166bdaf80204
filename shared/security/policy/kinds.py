"""What policies may ask of a kind of aggregate, by name. Types follow from the aggregate's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from inspect import isclass
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from shared.kernel.aggregate import Aggregate
from shared.security.policy.attributes import Attribute, Stored
from shared.security.policy.scalars import Scalar


@dataclass(frozen=True)
class Resource:
    """A kind with the attributes that policies may ask for."""

    kind: type[Aggregate]
    attributes: Mapping[str, Attribute]

    @property
    def name(self) -> str:
        """Its name in policies."""
        return self.kind.__name__


def resource(kind: type[Aggregate], *names: str, **more: str | Attribute) -> Resource:
    """A kind: stored fields by their names, others as `attribute="path.to.field"`; `id` is always there.

    Raises TypeError where policies know no such type.
    """
    attributes: dict[str, Attribute] = {name: stored_at(kind, name) for name in ("id", *names)}
    for name, given in more.items():
        attributes[name] = stored_at(kind, given) if isinstance(given, str) else given
    return Resource(kind, MappingProxyType(attributes))


def stored_at(kind: type[BaseModel], path: str) -> Stored:
    """The attribute at a path, through lists and parts."""
    here: Any = kind
    is_set = optional = False
    for step in path.split("."):
        here, many, may_be_null = _opened(here.model_fields[step].annotation)
        is_set, optional = is_set or many, optional or may_be_null
    return Stored(tuple(path.split(".")), _scalar(here, f"{kind.__name__}.{path}"), is_set, optional and not is_set)


def _opened(annotation: Any) -> tuple[Any, bool, bool]:
    """The type within, whether there may be several, and whether there may be none."""
    origin, within = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _opened(within[0])
    if origin in (Union, UnionType):
        inner, many, _ = _opened(next(part for part in within if part is not NoneType))
        return inner, many, NoneType in within
    if origin in (tuple, list, frozenset, set):
        return _opened(within[0])[0], True, False
    return annotation, False, False


def _scalar(found: Any, place: str) -> Scalar:
    if isclass(found):
        for python, cedar in _SCALARS:
            if issubclass(found, python):
                return cedar
    raise TypeError(f"{place} is nothing that policies can ask about")


_SCALARS: tuple[tuple[type, Scalar], ...] = ((bool, "Bool"), (int, "Long"), (str, "String"), (datetime, "Moment"))
