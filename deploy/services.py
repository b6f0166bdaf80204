"""How the operator's commands reach a service's database: by the service's own settings."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any, TypeVar

import typer

from deploy.errors import OperatorError

T = TypeVar("T")


class ServiceName(StrEnum):
    """The three services."""

    INTAKE = "intake"
    CASES = "cases"
    NOTIFY = "notify"


ServiceOption = Annotated[ServiceName, typer.Option("--service", help="Which service's.")]


def settings_of(service: ServiceName) -> Any:
    """The service's settings, from the environment."""
    return import_module(f"services.{service}.settings").Settings()


@asynccontextmanager
async def database_of(service: ServiceName) -> AsyncIterator[Any]:
    """The service's Mongo, by its settings from the environment."""
    settings = settings_of(service)
    mongo = settings.mongo(settings.mongo_database)
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
