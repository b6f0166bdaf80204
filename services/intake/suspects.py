"""The suspects' own database: its keys, of which the door knows how to make one, and who moves the arrivals on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.intake.settings import Settings
from shared.mongo.arrivals import Mover
from shared.mongo.fieldcrypto import FieldCrypto
from shared.mongo.indexes import IndexModel
from shared.service.runtime import Runtime

ROOM = "recruiters"
INDEXES = (IndexModel([("interdiction_ref", 1)]), IndexModel([("phone_index", 1)], sparse=True))


@asynccontextmanager
async def sealing_for_suspects(settings: Settings, runtime: Runtime) -> AsyncIterator[FieldCrypto]:
    """Seals what is said of a recruiter, under keys that lie apart from those of the people in the vault."""
    apart = settings.model_copy(update={"mongo_database": settings.suspects_database, "key_database": None})
    async with FieldCrypto.open(apart, runtime.mongo) as crypto:
        yield crypto


async def move_recruiters_on(runtime: Runtime, stop: asyncio.Event) -> None:
    """The worker's task in the suspects' database, under that database's own user."""
    settings = runtime.settings
    assert isinstance(settings, Settings)  # noqa: S101 - it is intake's task
    mongo = settings.suspects()
    try:
        await Mover(mongo, ROOM, runtime.clock, INDEXES).run(stop)
    finally:
        await mongo.close()
