"""A crash at every step of a batch's way, instead of luck: what is acknowledged has its effect once all the same."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chaos.conftest import Site, site
from tests.support.addresses import Addresses
from tests.support.processes import CRASHED

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

POINTS = (
    "after_fetch", "after_case", "after_audit", "after_outbox", "after_inbox", "before_commit", "after_commit",
    "after_offset_commit", "after_send", "after_delete",
)  # fmt: skip
AT_ONCE = 4
"""The dead member's session has to run out before the next process gets the partitions; so they wait side by side."""


@pytest.fixture
async def sites(stack: Addresses, unique: str, tmp_path: Path) -> AsyncIterator[dict[str, Site]]:
    """A site per point, one partition each, so that all of a site's events are one batch."""
    async with asyncio.timeout(110):
        made = {point: site(stack, f"{unique}{n}", _folder(tmp_path, point), 1) for n, point in enumerate(POINTS)}
        yield {point: await each.__aenter__() for point, each in made.items()}
        for each in made.values():
            await each.__aexit__(None, None, None)


def _folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


async def test_a_crash_at_any_step_loses_and_repeats_nothing(sites: dict[str, Site]) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(point: str) -> None:
        async with turns:
            await survives(sites[point], point)

    outcomes = await asyncio.gather(*map(one, POINTS), return_exceptions=True)
    failed = {point: str(outcome) for point, outcome in zip(POINTS, outcomes, strict=True) if outcome is not None}
    assert not failed


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("point", POINTS)
async def test_twenty_crashes_at_each_step(ours: Site, point: str) -> None:
    for _ in range(20):
        await survives(ours, point)


async def survives(ours: Site, point: str) -> None:
    """Crash inside a batch of twenty, go on with a new process, then judge."""
    await twenty(ours)
    assert await (await ours.start(crash_at=point)).ended() == CRASHED
    heir = await (await ours.start()).ready()
    await ours.oracle.judge(ours.publisher.journal)
    await heir.terminate()


async def twenty(ours: Site) -> None:
    """Twenty events of four keys."""
    await asyncio.gather(*[await ours.publisher.adding(f"k{n % 4}") for n in range(20)])
