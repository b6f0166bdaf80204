"""Leases that are asked for while their asker leaves."""

import asyncio

from shared.messaging.holding import Holding


class SlowLeases:
    """Grants late, also to somebody who no longer waits: a database does not hear that a call was cancelled."""

    def __init__(self) -> None:
        self.held: set[str] = set()

    async def hold(self, name: str) -> float | None:
        return await asyncio.shield(asyncio.create_task(self._grant(name)))

    async def _grant(self, name: str) -> float:
        await asyncio.sleep(0.05)
        self.held.add(name)
        return asyncio.get_running_loop().time() + 5

    async def release(self, name: str) -> None:
        await asyncio.sleep(0)
        self.held.discard(name)


async def test_a_lease_that_is_granted_while_we_leave_is_given_up_too() -> None:
    leases = SlowLeases()
    holding = Holding(leases, "ledger", (0, 1), lambda: None)
    keeping = asyncio.create_task(holding.keep(0.01, asyncio.Event()))
    await asyncio.sleep(0.01)
    keeping.cancel()
    await asyncio.wait({keeping})
    await holding.release()
    await asyncio.sleep(0.1)
    assert not leases.held
    assert holding.held() == []
