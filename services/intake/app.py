"""Composition root of intake."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.intake.api import ROUTES
from services.intake.commands import commands
from services.intake.erasing import apply_ledger, carry_out_erasures
from services.intake.handlers import handlers
from services.intake.ledger import ErasureLedger
from services.intake.parts import Parts
from services.intake.permissions import policies
from services.intake.reaping import reap_keys, reap_keys_of_suspects
from services.intake.reindexing import keep_index
from services.intake.retaining import keep_retention
from services.intake.settings import Settings
from services.intake.store import ENTRIES, INDEXES, KINDS
from services.intake.suspects import move_recruiters_on, sealing_for_suspects
from services.intake.titles import TITLES
from shared.mongo.keyvault import KeyVault
from shared.security import access, seals, staff
from shared.security.blindindex import BlindIndex
from shared.security.keyring import read_ring
from shared.service.definition import Role, Service
from shared.service.runtime import Runtime


def service(settings: Settings) -> Service:
    """Intake, put together. The vault's keys and the index key are opened with the process and closed with it; what
    the ledger says was erased is gone before anything else begins."""

    @asynccontextmanager
    async def parts(runtime: Runtime) -> AsyncIterator[Parts]:
        index = BlindIndex(read_ring(settings.index_key.get_secret_value()))
        ledger = ErasureLedger(settings.erasure_ledger) if settings.erasure_ledger else None
        if ledger is not None:
            await apply_ledger(ledger, runtime.keyvault, runtime.mongo, runtime.clock())
        async with sealing_for_suspects(settings, runtime) as suspects:
            runtime.vaults.append((KeyVault(runtime.mongo, settings.key_databases[1]), suspects))
            yield Parts(runtime.crypto, suspects, index, runtime.reader, ledger)

    return Service(
        name="intake",
        rules=handlers.including(commands, staff.projection, seals.projection, access.projection),
        kinds=KINDS,
        entries=ENTRIES,
        indexes=INDEXES,
        databases={"suspects": settings.suspects_database},
        routes=ROUTES,
        policies=policies(),
        titles=TITLES,
        parts=parts,
        background={
            Role.WORKER: (move_recruiters_on, reap_keys_of_suspects),
            Role.CLOCK: (carry_out_erasures, keep_retention, keep_index, reap_keys),
        },
    )
