"""Moving the hashes of NIK and phone to the index key in use, in the background, while both keys are looked up."""

import asyncio

import structlog

from services.intake.commands.indexing import Reindex
from services.intake.domain.vault import Vault
from services.intake.parts import Parts
from services.intake.sealing import hashes_of, open_document
from services.intake.sweeping import resting, submit
from shared.kernel.errors import Reject
from shared.service.runtime import Runtime

log = structlog.get_logger(__name__)

AT_ONCE = 100
EVERY_S = 5.0


async def keep_index(runtime: Runtime, stop: asyncio.Event) -> None:
    """The clock role's task."""
    await resting(runtime, stop, "index", every_s=EVERY_S, sweep=reindex)


async def reindex(runtime: Runtime) -> int:
    """Move some of those that are still under an older key; answers how many were looked at."""
    parts: Parts = runtime.parts
    old = {"sealed.index_version": {"$nin": [None, parts.index.version]}}
    vaults: list[Vault] = await runtime.reader.find(Vault, old, sort=[("_id", 1)], limit=AT_ONCE)
    for vault in vaults:
        await _move(runtime, parts, vault)
    if vaults:
        log.info("reindexed", owners=len(vaults), version=parts.index.version)
    return len(vaults)


async def _move(runtime: Runtime, parts: Parts, vault: Vault) -> None:
    try:
        identity = await open_document(parts, vault.id, vault.sealed.c3)
    except Reject:
        return  # its key was destroyed a moment ago; the hashes go with the vault
    hashes = hashes_of(parts, identity)
    await submit(runtime, "VAULT_REINDEXED", Reindex(owner=vault.id, vault_version=vault.version, **hashes))
