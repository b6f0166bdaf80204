"""Processes that die by chance while events come in."""

import asyncio
import random

import pytest

from tests.chaos.conftest import Site
from tests.support.oracle import seeded
from tests.support.processes import LedgerProcess

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

KEYS = [f"k{n}" for n in range(40)]
REPEATED = 0.1


async def survives(ours: Site, rng: random.Random, events: int, kills: int, per_s: float) -> None:
    """Two instances, one of them killed again and again, a tenth of the events published twice."""
    fleet = [await ours.start(role="all", batch=50) for _ in range(2)]
    flow = asyncio.create_task(ours.publisher.flow(events, KEYS, rng, repeated=REPEATED, per_s=per_s))
    for _ in range(kills):
        await applied_more(ours)
        await asyncio.sleep(rng.uniform(0.0, 1.5))
        await replace(ours, fleet, rng.randrange(len(fleet)))
    await flow
    counts = await ours.oracle.judge(ours.publisher.journal, 90)
    assert counts["timeline"] == events
    assert counts["acked"] > events


async def replace(ours: Site, fleet: list[LedgerProcess], index: int) -> None:
    """SIGKILL one, start another in its place."""
    await fleet[index].kill()
    fleet[index] = await ours.start(role="all", batch=50)


async def applied_more(ours: Site) -> None:
    """A kill tells something only where there was work to interrupt."""
    before = await ours.oracle.applied()
    async with asyncio.timeout(60):
        while await ours.oracle.applied() == before:
            await asyncio.sleep(0.1)


@pytest.mark.timeout(400)  # its own patience: a minute for each kill, then for what is left
async def test_five_kills_under_load_lose_and_repeat_nothing(ours: Site) -> None:
    await survives(ours, seeded(), events=2_000, kills=5, per_s=50)


@pytest.mark.nightly
@pytest.mark.timeout(900)
async def test_twenty_kills_under_load_lose_and_repeat_nothing(ours: Site) -> None:
    await survives(ours, seeded(), events=10_000, kills=20, per_s=60)
