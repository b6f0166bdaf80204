"""Leases on shards, kept alive in the background."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from shared.messaging.ports import Leases

log = structlog.get_logger(__name__)


class Holding:
    """The shards that this process may work on. `name` and a shard's number make the lease's name.

    `hold` of the port answers until when, on the loop's clock, we may act; nothing here trusts it for longer.
    """

    def __init__(self, leases: Leases, name: str, shards: Sequence[int], gained: Callable[[], None]) -> None:
        self._leases = leases
        self._name = name
        self._shards = tuple(shards)
        self._gained = gained
        self._until: dict[int, float] = {}
        self._renew_at: dict[int, float] = {}
        self._asking: asyncio.Future[list[None]] | None = None

    def held(self) -> list[int]:
        """The shards whose leases are good at this moment."""
        return [shard for shard in self._shards if self.good([shard])]

    def good(self, shards: Sequence[int]) -> bool:
        """Whether all of these may still be worked on."""
        now = asyncio.get_running_loop().time()
        return all(self._until.get(shard, 0.0) > now for shard in shards)

    async def keep(self, period_s: float, stop: asyncio.Event) -> None:
        """Acquire what is free and renew at half time, until told to stop."""
        while not stop.is_set():
            self._asking = asyncio.gather(*map(self._keep, self._shards))
            await asyncio.shield(self._asking)
            with suppress(TimeoutError):
                async with asyncio.timeout(period_s):
                    await stop.wait()

    async def release(self) -> None:
        """Give all up, so that another relay takes over at once; what fails to be released lapses by itself.

        What is being asked for is answered first: a lease that came after we left would bind everybody until it lapses.
        """
        if self._asking is not None:
            await asyncio.wait({self._asking})
        held, self._until = list(self._until), {}
        for shard in held:
            try:
                await self._leases.release(self._lease(shard))
            except Exception:
                log.warning("lease_not_released", lease=self._lease(shard), exc_info=True)

    async def _keep(self, shard: int) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._renew_at.get(shard, 0.0):
            return
        try:
            until = await self._leases.hold(self._lease(shard))
        except Exception:
            log.warning("lease_unknown", lease=self._lease(shard), exc_info=True)
            return  # what we have lapses by itself
        if until is None:
            self._until.pop(shard, None)
            return
        fresh = shard not in self._until
        self._until[shard] = until
        self._renew_at[shard] = now + (until - now) / 2
        if fresh:
            self._gained()

    def _lease(self, shard: int) -> str:
        return f"{self._name}/{shard}"
