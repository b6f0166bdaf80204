"""What the worker, the relay and the clock print belongs to the act that caused it, and names nobody."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from shared.events.codec import encode
from shared.events.incoming import Partition
from shared.kernel.ids import new_id
from shared.messaging.relay import Relay, RelaySettings
from shared.messaging.settings import Kafka
from shared.mongo.clock_lane import ClockLane
from shared.mongo.documents import to_document
from shared.mongo.leases import MongoLeases
from shared.mongo.releasing import mark
from shared.observability.metrics import Metrics
from tests.support.ledger import OWN, PARTNER, Added, Broken, Ledger, Log, bell, book, ledger
from tests.support.log_lines import Lines, log_lines
from tests.support.messaging import MemoryLeases, MemoryOutbox, running, topics, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

CORRELATION, TRACE = new_id(), "a" * 32
NAME = "Maria-Kenari"


@pytest.fixture
def lines() -> Iterator[Lines]:
    with log_lines() as found:
        yield found


@pytest.fixture
async def ours(mongo_uri: str, unique: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ledger]:
    """A ledger in which one account is refused."""
    monkeypatch.setattr(Broken, "accounts", {"odd"})
    async with ledger(mongo_uri, unique) as fresh:
        await fresh.lane.positions([Partition(OWN, 0), Partition(PARTNER, 0)])
        yield fresh


def joined(account: str, *, partner: bool = False, id_: str | None = None, **flags: Any) -> bytes:
    """An addition that belongs to the act above."""
    now = datetime.now(UTC)
    return encode(
        Added(occurred_at=now, account=account, amount=1, **flags),
        id_=id_ or new_id(),
        source="/partner/testers" if partner else "/pulang/test",
        subject=account,
        time=now,
        key=account,
        correlation_id=None if partner else CORRELATION,
        traceparent=f"00-{TRACE}-{'b' * 16}-01",
    )


async def apply(ours: Ledger, log: Log, *values: tuple[str, bytes]) -> None:
    await ours.lane.apply([ours.decode(log.record(key, value)) for key, value in values])


async def test_what_is_parked_and_released_is_told_once_it_is_durable(
    ours: Ledger, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    await apply(ours, Log(), ("a", joined("a")), ("odd", joined("odd")), ("odd", joined("odd")))
    ties = {"correlation_id": CORRELATION, "trace_id": TRACE}
    told = [
        (line["reason"], line["topic"], line["offset"]) for line in lines.of("parked") if ties.items() <= line.items()
    ]
    assert told == [("TOLD_TO_REFUSE", OWN, 1), ("BEHIND", OWN, 2)]
    assert await mark(ours.mongo, f"ledger|{OWN}|odd")
    await ours.releaser.sweep()
    [refused] = lines.of("release_refused")
    assert (refused["reason"], refused["offset"], refused["correlation_id"]) == ("TOLD_TO_REFUSE", 1, CORRELATION)
    monkeypatch.setattr(Broken, "accounts", set())
    assert await mark(ours.mongo, f"ledger|{OWN}|odd")
    await ours.releaser.sweep()
    assert [line["offset"] for line in lines.of("released") if ties.items() <= line.items()] == [1, 2]


async def test_a_rules_bug_is_told_with_what_it_belongs_to(ours: Ledger, lines: Lines) -> None:
    await apply(ours, Log(), ("a", joined("a", crash=True)))
    [failed] = lines.of("handler_failed")
    assert (failed["correlation_id"], failed["trace_id"]) == (CORRELATION, TRACE)


async def test_a_partners_refused_facts_are_told_by_their_place_and_not_by_what_the_partner_called_them(
    ours: Ledger, lines: Lines
) -> None:
    fact = joined("odd", partner=True, id_=NAME)
    await apply(
        ours, Log(PARTNER), (NAME, fact), (NAME, b"{"), (NAME, joined("odd", partner=True, id_=NAME, waits="x"))
    )
    quarantined, again = lines.of("quarantined")
    assert (quarantined["reason"], quarantined["offset"], quarantined["trace_id"]) == ("TOLD_TO_REFUSE", 0, TRACE)
    assert again["reason"] == "CONFLICTING_DUPLICATE"
    [dead] = lines.of("dead_letter")
    assert (dead["reason"], dead["topic"], dead["partition"], dead["offset"]) == ("NOT_JSON", PARTNER, 0, 1)
    assert NAME not in lines.text


async def test_a_timer_begins_a_trace_that_its_events_go_on_with(ours: Ledger, lines: Lines) -> None:
    timers = [to_document(bell("a")), to_document(bell("x").evolve(kind="NO"))]
    await ours.mongo.collection("timers").insert_many(timers)
    await ClockLane("ledger", ours.uow, book, MongoLeases(ours.mongo)).sweep()
    [fired] = lines.of("timer_fired")
    [row] = await ours.rows("outbox", {"_id": bell("a").event_id})
    event = orjson.loads(row["value"])  # type: ignore[arg-type]
    assert fired["correlation_id"] == event["correlationid"] == bell("a").event_id
    assert fired["trace_id"] == event["traceparent"].split("-")[1]
    [failed] = lines.of("timer_failed")
    assert failed["trace_id"] != fired["trace_id"]


async def test_the_relay_says_whose_event_is_held_up(kafka_bootstrap: str, unique: str, lines: Lines) -> None:
    outbox, topic = MemoryOutbox(), f"{unique}out"
    async with topics(kafka_bootstrap, [topic], **{"max.message.bytes": "200"}):
        outbox.add("out", "a", joined("a"))
        kafka, settings = Kafka(kafka_bootstrap, unique), RelaySettings("test", (0,), sweep_s=0.2)
        relay = Relay(kafka, settings, outbox=outbox, leases=MemoryLeases({}, "one"), metrics=Metrics())
        async with running(relay):
            await until(lambda: bool(lines.of("row_refused")), 20)
    for line in (lines.of("send_failed")[0], lines.of("row_refused")[0]):
        assert (line["correlation_id"], line["trace_id"]) == (CORRELATION, TRACE)
