"""How the operator's commands reach a service's database: by settings under the service's own names."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any, TypeVar

import typer

from deploy.errors import Misuse, OperatorError

T = TypeVar("T")


class ServiceName(StrEnum):
    """The three services."""

    INTAKE = "intake"
    CASES = "cases"
    NOTIFY = "notify"


ServiceOption = Annotated[ServiceName, typer.Option("--service", help="Which service's.")]


def settings_of(service: ServiceName) -> Any:
    """The service's whole settings, with its secrets, from the environment; raises Misuse where one is refused."""
    return settings_from(import_module(f"services.{service}.settings").Settings)


def place_of(service: ServiceName) -> Any:
    """Where the service's database is: what whoever only looks is given, under the same names, but no secret of the
    service's. Raises Misuse."""
    from pydantic_settings import SettingsConfigDict

    from shared.service.settings import Place

    whole = import_module(f"services.{service}.settings").Settings

    class Its(Place):
        model_config = SettingsConfigDict(env_prefix=whole.model_config["env_prefix"])
        mongo_database: str = whole.model_fields["mongo_database"].default

    return settings_from(Its)


def settings_from(kind: type[Any]) -> Any:
    """Settings of this kind from the environment; raises Misuse, in one line, where one is missing or wrong."""
    from shared.service.connections import SettingsRefused, read_settings

    try:
        return read_settings(kind)
    except SettingsRefused as error:
        raise Misuse(str(error)) from None


@asynccontextmanager
async def database_of(service: ServiceName) -> AsyncIterator[Any]:
    """The service's Mongo, under the account that the environment gives us."""
    place = place_of(service)
    mongo = place.mongo(place.mongo_database)
    try:
        yield mongo
    finally:
        await mongo.close()


def asking(service: ServiceName, question: Callable[[Any], Awaitable[T]]) -> T:
    """Ask one question of a service's database; an outage is one clear line."""
    from pymongo.errors import PyMongoError

    async def ask() -> T:
        async with database_of(service) as mongo:
            return await question(mongo)

    try:
        return asyncio.run(ask())
    except PyMongoError as error:
        raise OperatorError(f"{service}: the database does not answer ({type(error).__name__})") from error
