"""A key that waits: its events park in order, the others flow, and a release survives being killed in the middle."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.chaos.conftest import Site
from tests.support.oracle import Seen
from tests.support.processes import CRASHED

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

MAX_DELAY_S = 1.0
MANY = 240
"""More than two transactions of a release."""


async def test_a_parked_key_holds_back_nobody_and_its_release_survives_kills(ours: Site) -> None:
    first = await (await ours.start()).ready()
    await one_key_parks_while_others_flow(ours)
    await ours.oracle.judge(ours.publisher.journal)
    seen = await ours.oracle.seen()
    assert [row["position"] for row in sorted(seen.rows["parked"], key=lambda r: r["_id"])] == list(range(1, 9))
    assert [row["offset"] for row in seen.rows["parked"]] == sorted(row["offset"] for row in seen.rows["parked"])
    assert slowest(seen) <= MAX_DELAY_S
    await asyncio.gather(*[await ours.publisher.adding("k") for _ in range(MANY)])
    await ours.oracle.settled()
    await first.terminate()
    await killed_while_releasing(ours)
    heir = await ours.start()
    await ours.publisher.add("k")
    counts = await ours.oracle.judge(ours.publisher.journal)
    assert counts["parked"] == 0
    assert (await account(ours, "k"))["log"] == list(range(1, 10 + MANY + 3))
    await heir.terminate()


async def one_key_parks_while_others_flow(ours: Site) -> None:
    """Event 3 of k waits for an account that is not there; 4 to 10 come behind it."""
    for n in range(1, 11):
        await ours.publisher.add("k", waits="cure" if n == 3 else None)
        for other in range(10):
            await ours.publisher.add(f"other{other}")
            await asyncio.sleep(0.01)


async def killed_while_releasing(ours: Site) -> None:
    """The cure comes; the release dies in its first transaction, then right after it, with most rows still there."""
    await ours.publisher.add("cure")
    assert await (await ours.start(crash_at="before_commit", crash_on=2)).ended() == CRASHED
    assert await (await ours.start(role="worker", crash_at="after_commit")).ended() == CRASHED
    (head,) = (await ours.oracle.seen()).rows["parked_heads"]
    assert head["releasing"] and 0 < head["count"] < 8 + MANY
    await ours.publisher.add("k")


def slowest(seen: Seen) -> float:
    """The longest way of another key's event from the broker to its effect, in seconds."""
    written = {record.value: record.timestamp for record in seen.inputs.values()}
    lines = {row["cause_id"]: row["recorded_at"] for row in seen.rows["timeline"] if "other" in row["about"]}
    ages = []
    for id_, at in lines.items():
        stamp = next(stamp for value, stamp in written.items() if id_.encode() in value)
        ages.append((at - datetime.fromtimestamp(stamp / 1000, UTC)).total_seconds())
    return max(ages)


async def account(ours: Site, id_: str) -> dict[str, object]:
    """What is stored."""
    return next(row for row in (await ours.oracle.seen()).rows["accounts"] if row["_id"] == id_)
