"""Carrying erasures out: first the ledger, then the key, then the note that it is done. Safe to do twice."""

import asyncio
from datetime import datetime
from typing import Any

import structlog

from services.intake.commands.erasures import NoteDestroyed
from services.intake.domain.vault import Erasure, Sealed, Vault
from services.intake.ledger import ErasureLedger
from services.intake.parts import Parts
from services.intake.sweeping import resting, submit
from shared.mongo.client import Mongo
from shared.mongo.keyvault import KeyVault
from shared.service.runtime import Runtime

log = structlog.get_logger(__name__)

AT_ONCE = 100


async def carry_out_erasures(runtime: Runtime, stop: asyncio.Event) -> None:
    """The clock role's task."""
    await resting(runtime, stop, "erasures", every_s=1.0, sweep=carry_out)


async def carry_out(runtime: Runtime) -> int:
    """Destroy the keys whose end was decided; answers how many."""
    ledger = ledger_of(runtime.parts)
    ordered: list[Erasure] = await runtime.reader.find(Erasure, {"done_at": None}, sort=[("_id", 1)], limit=AT_ONCE)
    for erasure in ordered:
        if ledger is not None:
            # Before the key: a crash in between leaves a line too many, which does no harm, and never one too few.
            await asyncio.to_thread(ledger.append, erasure.id, runtime.clock(), erasure.reason)
        await runtime.keyvault.destroy(erasure.id, runtime.clock())
        await submit(runtime, "KEY_DESTROYED", NoteDestroyed(owner=erasure.id))
        log.info("key_destroyed", reason=erasure.reason)
    return len(ordered)


async def apply_ledger(ledger: ErasureLedger, vault: KeyVault, mongo: Mongo, now: datetime) -> int:
    """Destroy again what the ledger says was destroyed and this database still has; answers how many owners.

    Done before anything of a process begins, so that a restored back-up shows nobody who was erased. Needs no keys.
    """
    missing = await vault.without_tombstone(await asyncio.to_thread(ledger.owners))
    for owner in missing:
        await vault.destroy(owner, now)
    if missing:
        emptied: dict[str, Any] = {"sealed": Sealed().model_dump(), "erased_at": now}
        vaults = mongo.collection(Vault.collection)
        await vaults.update_many({"_id": {"$in": missing}}, {"$set": emptied, "$inc": {"version": 1}})
    return len(missing)


def ledger_of(parts: Parts) -> ErasureLedger | None:
    """Where erasures are written down; None in local mode alone."""
    return parts.ledger
