"""Holds callers to their limits: shared between processes, exact, and never open wide.

A process takes a share of a window from the store and spends it without asking again. What it did not spend by the
window's end is lost to the caller, never gained. Who was refused is refused from memory until the window ends, so
that a flood costs no round trips. While the store is away each process holds the limits by itself.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog
from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from shared.http.limits import Limits, Rate, load_limits
from shared.http.problems import Problem
from shared.http.specs import Use
from shared.observability.metrics import Metrics

log = structlog.get_logger()

AWAY_S = 5.0
"""How long a store that failed is not asked again: each question may cost its whole time-out."""
MAX_HELD = 20_000


@dataclass(slots=True)
class _Held:
    """What is left of one caller's window here; `until` is monotonic. Refused: nothing is left for anybody."""

    left: int
    until: float
    refused: bool

    @property
    def answers(self) -> bool:
        """Whether the store need not be asked."""
        return self.refused or self.left > 0


class Limiter:
    """One process's limiter. `shared` is where all processes of a service count; without it, it counts alone."""

    def __init__(
        self,
        metrics: Metrics,
        shared: Storage | None = None,
        limits: Limits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._limits = limits or load_limits()
        self._monotonic = monotonic
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = FixedWindowRateLimiter(shared) if shared else self._local
        self._held: dict[str, _Held] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._away_until = 0.0

    async def member(self, person: str, roles: Iterable[str], use: Use) -> None:
        """Count a request of somebody who signed in; raises a Problem (429) where it is one too many."""
        await self._count(self._limits.rate(roles, use), f"{use}|{person}", use, self._shared)

    async def stranger(self, address: str) -> None:
        """Count a request without a valid sign-in; addresses never leave this process."""
        await self._count(self._limits.strangers, f"STRANGER|{address}", "STRANGER", self._local)

    async def _count(self, rate: Rate, who: str, use: str, counter: FixedWindowRateLimiter) -> None:
        for item in rate.limit:
            known = self._current(item.key_for(who))
            held = known if known and known.answers else await self._more(item, rate.share, who, counter)
            if held.refused:
                self._metrics.rate_limited.labels(use).inc()
                wait_s = max(1, math.ceil(held.until - self._monotonic()))
                # One audit row for each window is enough: a flood must not fill the audit.
                raise Problem(429, "RATE_LIMITED", headers={"Retry-After": str(wait_s)}, audited=held is not known)
            held.left -= 1

    async def _more(self, item: RateLimitItem, share: int, who: str, counter: FixedWindowRateLimiter) -> _Held:
        """One share at a time for each caller, or many requests at once would each take one."""
        async with self._turns.setdefault(item.key_for(who), asyncio.Lock()):
            held = self._current(item.key_for(who))
            return held if held and held.answers else await self._take(item, share, who, counter)

    def _current(self, key: str) -> _Held | None:
        held = self._held.get(key)
        return held if held and held.until > self._monotonic() else None

    async def _take(self, item: RateLimitItem, share: int, who: str, counter: FixedWindowRateLimiter) -> _Held:
        try:
            if counter is self._shared and self._monotonic() >= self._away_until:
                return await self._take_from(counter, item, share, who)
        except StorageError as error:
            self._away_until = self._monotonic() + AWAY_S
            self._metrics.rate_store_away.inc()
            log.warning("rate_store_away", cause=type(error.storage_error).__name__)
        return await self._take_from(self._local, item, 1, who)

    async def _take_from(self, counter: FixedWindowRateLimiter, item: RateLimitItem, share: int, who: str) -> _Held:
        allowed = await counter.hit(item, who, cost=share)
        lasts_s = await counter.storage.get_expiry(item.key_for(who)) - time.time()
        held = _Held(share if allowed else 0, self._monotonic() + lasts_s, refused=not allowed)
        self._keep(item.key_for(who), held)
        return held

    def _keep(self, key: str, held: _Held) -> None:
        if len(self._held) >= MAX_HELD:
            now = self._monotonic()
            self._held = {key: held for key, held in self._held.items() if held.until > now}
        self._held[key] = held
