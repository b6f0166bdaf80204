"""What belongs into a vault, while it is in memory: it leaves by one door, which a search for it finds.

The first of three walls around identity. The second is the lint of event schemas, which have no field for it; the
third are the logs, which print types instead of values.
"""

from typing import Any, Final, NoReturn, TypeVar

from pydantic import GetCoreSchemaHandler, SerializationInfo, SerializerFunctionWrapHandler, WrapSerializer
from pydantic_core import CoreSchema, core_schema

from shared.observability.sensitive import Sensitive

T = TypeVar("T")

INWARDS: Final = object()
"""The context of a dump that goes into the vault: `model_dump(context=INWARDS)`."""


class Vaulted(Sensitive[T]):
    """Opened identity. It has no text, no JSON, no pickle and no schema; a model that holds it can't be dumped."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        refusal = core_schema.plain_serializer_function_ser_schema(_refuse)
        return core_schema.is_instance_schema(cls, serialization=refusal)


def _refuse(_: object) -> NoReturn:
    raise TypeError("what came out of the vault is not written anywhere")


def _only_inwards(value: Any, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
    if value is not None and info.context is not INWARDS:
        raise TypeError("a field of identity is written into the vault alone")
    return handler(value)


IntoVault = WrapSerializer(_only_inwards)
"""Marks a request's field that holds identity or prose: `Annotated[str, …, IntoVault]`."""
