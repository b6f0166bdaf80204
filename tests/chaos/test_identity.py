"""Ids that come again: repeated, reused, borrowed and very late."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from tests.chaos.conftest import Site
from tests.support.ledger import OWN, PARTNER, RIVAL, added
from tests.support.oracle import Sent

pytestmark = [pytest.mark.integration, pytest.mark.chaos]


def fact(account: str, amount: int, **attributes: Any) -> dict[str, Any]:
    """A partner's envelope, with some attributes as told."""
    return {**orjson.loads(added(account, amount, partner=True)), **attributes}


async def send(ours: Site, tree: dict[str, Any], topic: str = PARTNER, fate: str | None = None) -> Sent:
    """Publish an envelope as it is."""
    key = tree["subject"]
    how = {"id_": tree["id"], "key_text": key, "fate": fate, "source": tree["source"]}
    return await (await ours.publisher.raw(key.encode(), orjson.dumps(tree), topic, **how))


def ago(days: int) -> str:
    """A recording time in the past."""
    return f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%S.000Z}"


async def test_an_id_counts_once_for_whom_it_belongs_to(ours: Site) -> None:
    process = await (await ours.start()).ready()
    twice = fact("twice", 1)
    for _ in range(3):
        await send(ours, twice)
    await send(ours, {**twice, "time": ago(0), "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"})
    await send(ours, {**twice, "data": {**twice["data"], "amount": 2}}, fate="CONFLICTING_DUPLICATE")
    counts = await ours.oracle.judge(ours.publisher.journal)
    assert (counts["timeline"], counts["quarantine"], counts["audit"]) == (1, 1, 2)
    assert (await alarms(ours)) == ["SECURITY_ID_REUSED"]
    await process.terminate()


async def test_our_own_id_with_another_content_is_a_dead_letter_and_an_alarm(ours: Site) -> None:
    process = await (await ours.start()).ready()
    await ours.publisher.add("a", id_="same")
    sending = await ours.publisher.raw(
        b"a", added("a", 5, id_="same"), OWN, id_="same", key_text="a", fate="ID_REUSED"
    )  # fmt: skip
    await sending
    counts = await ours.oracle.judge(ours.publisher.journal)
    assert (counts["timeline"], counts["dead_letters"]) == (1, 1)
    assert (await alarms(ours)) == ["SECURITY_ID_REUSED"]
    await process.terminate()


async def test_a_partner_cannot_take_the_place_of_anothers_event(ours: Site) -> None:
    process = await (await ours.start()).ready()
    real = fact("a", 1)
    await send(ours, real, RIVAL, fate="WRONG_SOURCE")  # a rival knows source and id, and comes first
    await send(ours, {**fact("b", 1, id=real["id"]), "source": "/partner/rivals"}, RIVAL)  # the same id as its own
    await ours.oracle.settled()
    await send(ours, real)
    counts = await ours.oracle.judge(ours.publisher.journal)
    assert (counts["timeline"], counts["dead_letters"]) == (2, 1)
    await process.terminate()


async def test_an_old_fact_is_taken_once_and_one_beyond_memory_is_not(ours: Site) -> None:
    process = await (await ours.start()).ready()
    old, ancient = fact("a", 1, time=ago(30)), fact("b", 1, time=ago(401))
    await send(ours, old)
    await ours.oracle.settled()
    await send(ours, old)
    await send(ours, ancient)
    counts = await ours.oracle.judge(ours.publisher.journal)
    assert (counts["timeline"], counts["quarantine"]) == (1, 1)
    assert set((await ours.oracle.seen()).refused.values()) == {"TOO_OLD"}
    await process.terminate()


async def alarms(ours: Site) -> list[str]:
    """What the audit says beside effects."""
    return [row["outcome"] for row in (await ours.oracle.seen()).rows["audit"] if row["outcome"] != "OK"]
