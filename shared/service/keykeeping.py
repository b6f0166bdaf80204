"""The clock role's care for the data keys: it rewraps them when a rotation was asked for, and ends quarantine's keys.

Whoever asks for a rotation needs no master key for it; only the service's own processes hold one.
"""

import asyncio
from datetime import datetime, timedelta

import structlog

from shared.mongo.releasing import wait
from shared.mongo.transaction import not_now
from shared.service.runtime import Runtime

log = structlog.get_logger(__name__)

SWEEP_S = 2.0
KEEP_QUARANTINE_KEYS = timedelta(days=60)
"""After the end of its month nobody needs a quarantine's key: the last rows under it have expired."""


class KeyKeeper:
    """Doing it twice, or from two processes at once, does no harm; the lease only saves work."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run(self, stop: asyncio.Event) -> None:
        """Look each two seconds until told to stop; what fails is tried again."""
        name = f"keys|{self._runtime.name}"
        while not stop.is_set():
            if await self._runtime.leases.hold(name) is not None:
                await self._sweep()
            await wait(stop, SWEEP_S)
        await self._runtime.leases.release(name)

    async def _sweep(self) -> None:
        try:
            await self.rotate()
            await self.end_quarantine(self._runtime.clock())
        except Exception as error:
            if not_now(error) is None:
                raise
            log.warning("keys_postponed", error=type(error).__name__)

    async def rotate(self) -> None:
        """Rewrap a part of what is left in each vault for which it was asked; done when nothing is."""
        for vault, crypto in self._runtime.vaults:
            asked = await vault.rotation()
            if asked is not None and asked["done_at"] is None:
                rewrapped = await crypto.rewrap()
                await vault.note_rotation(rewrapped, None if rewrapped else self._runtime.clock())
                log.info("keys_rewrapped", keys=rewrapped, version=crypto.masters.version, vault=vault.database)

    async def end_quarantine(self, now: datetime) -> None:
        """Destroy the keys of months that are over for sixty days."""
        for name in await self._runtime.keyvault.quarantine_keys(f"{now - KEEP_QUARANTINE_KEYS:%Y-%m}"):
            await self._runtime.keyvault.destroy(name, now)
            log.info("quarantine_key_destroyed", key=name)
