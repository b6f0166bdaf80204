"""Ends the keys that protect nothing: of a command that made a key, sealed under it, and was then refused or failed.

A key is made before the transaction, so that a repetition finds it made; what comes of the command is not known then.
Keys of owners of whom anything is kept end with an erasure alone.
"""

import asyncio
from collections.abc import Collection
from datetime import timedelta

import structlog

from services.intake.domain.interdiction import Interdiction
from services.intake.domain.rights import RightsRequest
from services.intake.domain.screening import ScreeningRound
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Vault
from services.intake.settings import Settings
from services.intake.suspects import ROOM
from services.intake.sweeping import resting
from shared.mongo.arrivals import DOOR
from shared.mongo.client import Mongo
from shared.mongo.keyvault import REAP_AFTER, KeyVault
from shared.service.runtime import Runtime

log = structlog.get_logger(__name__)

SWEEP_S = 3600.0
PAGE = 500

Places = tuple[tuple[str, str], ...]
"""Collections, each with the field that names an owner."""

PEOPLE: Places = (
    (Subject.collection, "_id"),
    (Interdiction.collection, "_id"),
    (Vault.collection, "_id"),
    (ScreeningRound.collection, "subject_ref"),
    (RightsRequest.collection, "subject_ref"),
)
SUSPECTS: Places = ((DOOR, "_id"), (ROOM, "_id"))
"""The door first: what is moved on between the two looks is then seen at one of them."""


async def reap_keys(runtime: Runtime, stop: asyncio.Event) -> None:
    """The clock role's task, for the people's keys."""

    async def sweep(_: Runtime) -> int:
        return await reap(runtime.keyvault, runtime.mongo, PEOPLE)

    await resting(runtime, stop, "reaping", every_s=SWEEP_S, sweep=sweep)


async def reap_keys_of_suspects(runtime: Runtime, stop: asyncio.Event) -> None:
    """The worker's task, for the suspects' keys, under that database's own user."""
    settings = runtime.settings
    assert isinstance(settings, Settings)  # noqa: S101 - it is intake's task
    mongo = settings.suspects()

    async def sweep(_: Runtime) -> int:
        return await reap(KeyVault(mongo, settings.key_databases[1]), mongo, SUSPECTS)

    try:
        await resting(runtime, stop, "reaping-suspects", every_s=SWEEP_S, sweep=sweep)
    finally:
        await mongo.close()


async def reap(vault: KeyVault, mongo: Mongo, places: Places, age: timedelta = REAP_AFTER) -> int:
    """Delete the keys of owners that no place names; answers how many."""
    reaped, last = 0, None
    while names := await vault.unused(last, PAGE, age):
        last = names[-1]
        left = await _without(mongo, places, names)
        reaped += await vault.reap(left, age) if left else 0
    if reaped:
        log.info("keys_reaped", keys=reaped, vault=vault.database)
    return reaped


async def _without(mongo: Mongo, places: Places, names: Collection[str]) -> list[str]:
    """Those whom none of the places names."""
    left = set(names)
    for collection, field in places:
        left -= set(await mongo.collection(collection).distinct(field, {field: {"$in": list(left)}}))
    return sorted(left)
