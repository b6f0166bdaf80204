"""Composition root of cases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.cases.api import ROUTES
from services.cases.catalogue import catalogue
from services.cases.commands import commands
from services.cases.handlers import handlers
from services.cases.permissions import policies
from services.cases.settings import Settings
from services.cases.store import ENTRIES, INDEXES, KINDS
from services.cases.titles import TITLES
from services.cases.workflows import workflows
from shared.mongo.reader import MongoReader
from shared.service.definition import Service
from shared.service.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Parts:
    """What routes need beyond what all routes have."""

    reader: MongoReader


@asynccontextmanager
async def parts(runtime: Runtime) -> AsyncIterator[Parts]:
    """The service's own parts."""
    yield Parts(runtime.reader)


def service(_: Settings) -> Service:
    """Cases, put together. A mistake in a data file raises here, before anything starts."""
    catalogue()
    workflows()
    return Service(
        name="cases",
        rules=handlers.including(commands),
        kinds=KINDS,
        entries=ENTRIES,
        indexes=INDEXES,
        routes=ROUTES,
        policies=policies(),
        titles=TITLES,
        parts=parts,
    )
