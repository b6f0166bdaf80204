"""What a route declares. Mistakes in a declaration raise where it is written, not at the first request."""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter

from shared.http.masking import unclassed
from shared.kernel.aggregate import Aggregate

Answer = Callable[..., Any]
"""`def view(aggregate, call) -> Model`, sync or async; its return annotation is the response's model."""

Handler = Callable[..., Awaitable[Any]]

RESERVED = frozenset({"limit", "after", "lang", "wait_for"})
_PLACEHOLDER = re.compile(r"{([a-z_]+)}")
_CODE = re.compile(r"[A-Z][A-Z0-9_]*")
_PERMISSION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")


T = TypeVar("T")


class Misdeclared(TypeError):
    """A route that cannot be right."""


def declared(part: T | None) -> T:
    """A part that every route of this style is declared with."""
    if part is None:
        raise Misdeclared("the route was declared without a part that its style needs")
    return part


class Style(StrEnum):
    """What a route does."""

    COMMAND = "COMMAND"
    READ = "READ"
    LIST = "LIST"
    QUERY = "QUERY"
    SEARCH = "SEARCH"
    INBOX = "INBOX"


WRITING = frozenset({Style.COMMAND, Style.INBOX})
"""What these answer is what the caller has just said."""


class Use(StrEnum):
    """What a request does, as far as it matters how often somebody may do it."""

    READ = "READ"
    LIST = "LIST"
    LOOK_UP = "LOOK_UP"
    COMMAND = "COMMAND"


_USES = {
    Style.COMMAND: Use.COMMAND,
    Style.READ: Use.READ,
    Style.LIST: Use.LIST,
    Style.QUERY: Use.READ,
    Style.SEARCH: Use.LOOK_UP,
    Style.INBOX: Use.COMMAND,
}


@dataclass(frozen=True, slots=True)
class Target:
    """The aggregate that a route is on: `name` is the path's placeholder for its id, or for what `by` names instead."""

    name: str
    kind: type[Aggregate]
    by: str = "_id"


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """One route with its permission and its audit action."""

    style: Style
    method: str
    path: str
    permission: str
    audit: str
    model: type[BaseModel]
    on: Target | None = None
    answer: Answer | None = None
    handler: Handler | None = None
    body: type[BaseModel] | None = None
    location: str | None = None
    if_match: bool = False
    kind: type[Aggregate] | None = None
    filters: Mapping[str, TypeAdapter[Any]] | None = None
    where: Callable[[Any], Mapping[str, Any]] | None = None
    summary: str = ""
    description: str = ""
    parameters: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        """What success answers."""
        return 201 if self.location else 200

    @property
    def use(self) -> Use:
        """A question whose terms stand in the body looks somebody up."""
        return Use.LOOK_UP if self.style is Style.QUERY and self.body else _USES[self.style]

    @property
    def needs_purpose(self) -> bool:
        """Whether the caller has to say what it is for: for who looks for somebody, no purpose goes without saying."""
        return self.style is Style.SEARCH

    @property
    def query_names(self) -> frozenset[str]:
        """The names that its query may hold."""
        read = () if self.style in WRITING else ("wait_for",)
        page = ("limit", "after") if self.style is Style.LIST else ()
        return frozenset(("lang", *read, *page, *(self.filters or ()), *self.parameters))

    @property
    def for_systems(self) -> bool:
        """Whether partners' systems call it; people call all the others."""
        return self.style is Style.INBOX

    @property
    def is_item(self) -> bool:
        """Whether it is about one aggregate, whose existence may be a secret."""
        return self.on is not None

    @property
    def audit_kind(self) -> type[Aggregate] | None:
        """What the audit says that it was about."""
        return self.on.kind if self.on else self.kind

    def __post_init__(self) -> None:
        _require(_PERMISSION.fullmatch(self.permission) is not None, self, "a permission is noun.verb")
        _require(_CODE.fullmatch(self.audit) is not None, self, "an audit action is UPPER_SNAKE")
        names = _PLACEHOLDER.findall(self.path)
        _require(self.on is None or self.on.name in names, self, "the target's name is not in the path")
        _require(not self.if_match or self.on is not None, self, "if_match needs a target")
        _require(not RESERVED & set(self.filters or ()), self, "a filter has a reserved name")
        for model in (self.model, self.body):
            nameless = list(unclassed(model)) if model else []
            _require(not nameless, self, f"no data class: {', '.join(nameless)}")


def _require(holds: bool, spec: RouteSpec, message: str) -> None:
    if not holds:
        raise Misdeclared(f"{spec.method} {spec.path}: {message}")


def model_of(function: Callable[..., Any]) -> type[BaseModel]:
    """The response's model: the return annotation, which must be a pydantic model."""
    model = get_type_hints(function).get("return")
    if not (inspect.isclass(model) and issubclass(model, BaseModel)):
        raise Misdeclared(f"{function.__qualname__} needs a pydantic model as its return annotation")
    return model


def filters_of(kind: type[Aggregate], names: tuple[str, ...]) -> dict[str, TypeAdapter[Any]]:
    """How each filter's text becomes the stored value; texts, codes, integers and truth values only."""
    return {name: TypeAdapter(_plain_type(kind, name)) for name in names}


def _plain_type(kind: type[Aggregate], name: str) -> type:
    if name not in kind.model_fields:
        raise Misdeclared(f"{kind.__name__} has no field {name} to filter by")
    annotation: Any = kind.model_fields[name].annotation
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not NoneType)
    if get_origin(annotation) is tuple:
        annotation = get_args(annotation)[0]
    if not (inspect.isclass(annotation) and issubclass(annotation, str | int)):
        raise Misdeclared(f"{kind.__name__}.{name} cannot be a filter")
    return annotation


def describe(function: Callable[..., Any] | None, audit: str) -> tuple[str, str]:
    """Summary and description of a route, from its function's docstring."""
    text = inspect.getdoc(function) if function else None
    summary, _, rest = (text or audit.replace("_", " ").capitalize()).partition("\n")
    return summary.rstrip("."), rest.strip()
