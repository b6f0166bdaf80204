"""S05: one partner event published twice, an older one late, a changed one under the same id.

Over real topics: the agency writes to its own, the service consumes, and what it publishes is read back.
"""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pymongo
import pytest
from aiokafka import AIOKafkaProducer
from bson import json_util

from shared.events import partner_v1
from shared.events.envelope import EventData
from shared.events.registry import load_topics
from shared.messaging.settings import Kafka
from shared.service.definition import Role
from tests.support.addresses import Addresses
from tests.support.cases import Cases, event_bytes, running_cases
from tests.support.messaging import read_all, topics
from tests.support.platform import until
from tests.unit.cases.builders import handed

pytestmark = pytest.mark.integration

OFFICER = "O-40"
NUMBER = "KP-040/2026"
TOLD = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
REVIEW = ("REVIEW_FACT", "BP3MI-53", "CONFLICTING_DUPLICATE")
DOUBT = ("CHECK_DUPLICATE", "BP3MI-53", "POSSIBLE_DUPLICATE_FACT")
STATE = ("cases", "agency_files", "referrals", "consents", "timers", "timeline", "keys")


@dataclass
class Feed:
    """What the agency and intake wrote, in order, so that all of it can be written again."""

    stack: Addresses
    prefix: str
    written: list[tuple[str, str, bytes]] = field(default_factory=list)

    async def write(self, topic: str, data: EventData, key: str, id_: str) -> None:
        """One message, acknowledged."""
        message = (f"{self.prefix}-{topic}", key, event_bytes(topic, data, key=key, id_=id_))
        self.written.append(message)
        await self._send([message])

    async def again(self) -> int:
        """The whole feed once more; answers how many messages that were."""
        await self._send(self.written)
        return len(self.written)

    async def _send(self, messages: list[tuple[str, str, bytes]]) -> None:
        async with AIOKafkaProducer(**Kafka(self.stack.kafka_bootstrap).client(), acks="all") as producer:
            for topic, key, value in messages:
                await producer.send_and_wait(topic, value, key=key.encode())


@dataclass
class Snapshot:
    """What the service holds and has published at one moment."""

    file: dict[str, Any] | None
    quarantine: list[tuple[str, str]]
    tasks: list[tuple[str, str, str]]
    published: dict[str, int]
    digest: str


@dataclass
class Story:
    """The day at BP3MI, remembered after each step."""

    cases: Cases
    feed: Feed
    case_no: str = ""
    after: dict[str, Snapshot] = field(default_factory=dict)

    async def settle(self, messages: int) -> None:
        """Wait until so many messages are applied and everything published is on its topic."""

        async def applied() -> bool:
            rows = await self.cases.rows("progress")
            total = sum(row["next"] for row in rows)
            return total >= messages and not await self.cases.rows("outbox")

        await until(applied)

    async def tell(self, step: str, fact: EventData, id_: str) -> None:
        """One fact of the agency, and the snapshot after it."""
        await self.feed.write("partner-bp2mi", fact, NUMBER, id_)
        await self.settle(len(self.feed.written))
        self.after[step] = await self.look()

    async def look(self) -> Snapshot:
        """The state of now."""
        files = await self.cases.rows("agency_files")
        quarantine = await self.cases.rows("quarantine")
        tasks = await self.cases.rows("tasks")
        ours = {"_id": {"$not": {"$regex": "^audit-checkpoints"}}}  # these count on by themselves
        state = {name: await self.cases.rows(name, ours) for name in STATE}
        state["timeline"] = [line for line in state["timeline"] if not line["about"].startswith("tasks|")]
        return Snapshot(
            file=files[0] if files else None,
            quarantine=[(row["reason"], row["owner"]) for row in quarantine],
            tasks=[(task["kind"], task["agency"], task["reason"]) for task in tasks],
            published=await self._published(),
            digest=hashlib.sha256(json_util.dumps(state, sort_keys=True).encode()).hexdigest(),
        )

    async def _published(self) -> dict[str, int]:
        names = ("case-events", "agency-bp2mi", "agency-lpsk", "agency-police")
        bootstrap, prefix = self.feed.stack.kafka_bootstrap, self.feed.prefix
        return {name: len(await read_all(bootstrap, f"{prefix}-{name}")) for name in names}


def arrived(checkpoint: str = "KOE") -> EventData:
    return partner_v1.ReturnArrived(occurred_at=TOLD, foreign_no=NUMBER, checkpoint=checkpoint)


@pytest.fixture(scope="module")
async def story(stack: Addresses) -> AsyncIterator[Story]:
    """The whole day, played once; each test looks at one of its moments."""
    prefix = f"t{uuid4().hex[:10]}"
    names = [f"{prefix}-{name}" for name in load_topics()]
    async with topics(stack.kafka_bootstrap, names, partitions=2):
        feed = Feed(stack, prefix)
        async with running_cases(stack, prefix, Role.ALL) as cases:
            told = Story(cases, feed)
            await play(told)
        async with running_cases(stack, prefix, Role.ALL) as cases:
            told.cases = cases
            total = len(feed.written) + await feed.again()
            await told.settle(total)
            told.after["replayed"] = await told.look()
            yield told
    with pymongo.MongoClient[dict[str, Any]](stack.mongo_uri) as client:
        for name in client.list_database_names():
            if name.startswith(prefix):
                client.drop_database(name)


async def play(story: Story) -> None:
    """V-040 comes home; the agency's adapter stumbles."""
    returnee = handed(
        subject_ref="V-040", state="RETURNEE_NON_TIP", source="BP3MI_DEBARKASI", abroad=True, occurred_at=TOLD
    )
    await story.feed.write("intake-events", returnee, "V-040", "intake-1")
    await story.settle(1)
    [case] = await story.cases.rows("cases")
    story.case_no = case["case_no"]
    path = f"/v1/cases/{case['_id']}"
    await story.cases.move(OFFICER, path, {"move": "TAKE"})
    answer = {"purpose": "SERVICE", "answer": "GIVEN", "told_how": "READ_ALOUD", "language": "id", "evidence": "SIGNED"}
    await story.cases.post(OFFICER, f"{path}/consents", answer)

    await story.tell("first", arrived().model_copy(update={"case_no": story.case_no}), "BP3-777")
    await story.tell("second", arrived().model_copy(update={"case_no": story.case_no}), "BP3-777")
    late = partner_v1.ReturnInTransit(occurred_at=TOLD - timedelta(hours=3), foreign_no=NUMBER, leg="KUL-SUB")
    await story.tell("older", late, "BP3-776")
    await story.tell("changed", arrived("TMC").model_copy(update={"case_no": story.case_no}), "BP3-777")
    await story.tell("twin", arrived().model_copy(update={"case_no": story.case_no}), "BP3-790")


async def test_s05_1_the_first_is_applied_once(story: Story) -> None:
    file = story.after["first"].file
    assert file is not None
    assert (file["version"], file["stage"], file["agency"]) == (1, "ARRIVED_NTT", "BP3MI-53")
    [shown] = (await story.cases.read(OFFICER, f"/v1/cases/{file['case_ref']}/files"))["items"]
    assert shown["stage"] == {"code": "ARRIVED_NTT", "label": "Tiba di NTT"}


async def test_s05_2_the_second_has_no_effect_at_all(story: Story) -> None:
    first, second = story.after["first"], story.after["second"]
    assert second == first
    assert second.published["agency-bp2mi"] == 1


async def test_s05_3_an_older_fact_enters_the_history_and_the_state_stays(story: Story) -> None:
    before, after = story.after["second"], story.after["older"]
    assert after.file is not None
    assert after.file["stage"] == "ARRIVED_NTT"
    assert [fact["event_id"] for fact in after.file["facts"]] == ["BP3-776", "BP3-777"]
    assert after.published["case-events"] == before.published["case-events"], "nothing moved, so nobody is told"


async def test_s05_4_changed_content_under_the_same_id_is_quarantined(story: Story) -> None:
    before, after = story.after["older"], story.after["changed"]
    assert after.quarantine == [("CONFLICTING_DUPLICATE", "BP3MI")]
    assert (after.file, after.digest) == (before.file, before.digest)
    assert (before.tasks, after.tasks) == ([], [REVIEW])
    shown = (await story.cases.read(OFFICER, "/v1/tasks?kind=REVIEW_FACT"))["items"]
    [aside] = await story.cases.rows("quarantine")
    assert [(task["about"], task["case"], task["kind"]["label"]) for task in shown] == [
        (aside["_id"], None, "Tinjau fakta yang disisihkan")
    ]
    sealed = [bytes(row["sealed"]) for row in await story.cases.rows("quarantine")]
    assert not any(b"TMC" in each for each in sealed), "what waits for its reviewer is sealed"
    security = await story.cases.rows("audit", {"outcome": "SECURITY_ID_REUSED"})
    assert {row["channel"] for row in security} == {"partner-bp2mi"}


async def test_s05_5_replaying_the_day_changes_no_document_and_publishes_nothing(story: Story) -> None:
    before, after = story.after["twin"], story.after["replayed"]
    assert (after.digest, after.published) == (before.digest, before.published)
    assert after.tasks == before.tasks


async def test_s05_6_dedup_survives_a_restart(story: Story) -> None:
    assert story.after["replayed"].file == story.after["twin"].file
    applied = await story.cases.rows("inbox", {"_id": {"$regex": r"\|BP3-777$"}})
    assert [row["outcome"] for row in applied] == ["APPLIED"]


async def test_s05_7_a_new_id_with_the_same_content_is_flagged_and_not_merged(story: Story) -> None:
    before, after = story.after["changed"], story.after["twin"]
    assert before.file is not None
    assert after.file is not None
    twins = {fact["event_id"]: fact["duplicate_of"] for fact in after.file["facts"]}
    assert twins == {"BP3-776": None, "BP3-777": None, "BP3-790": "BP3-777"}
    assert (after.file["version"], after.file["stage"]) == (before.file["version"] + 1, "ARRIVED_NTT")
    assert sorted(after.tasks) == [DOUBT, REVIEW]
