"""The demonstration tells the truth, and its search for people's data finds what is there."""

import uuid
from email.message import EmailMessage
from io import StringIO
from pathlib import Path
from typing import Any

import pymongo
import pytest
from aiokafka import AIOKafkaProducer
from rich.console import Console

from deploy.demo import leaks, play
from deploy.demo.checks import Checks
from deploy.demo.narration import Narrator
from deploy.demo.stage import Stage
from deploy.local.plan import Plan
from deploy.local.platform import Platform
from deploy.local.progress import Progress
from shared.messaging.settings import Kafka
from tests.support.addresses import Addresses
from tests.support.messaging import topics

pytestmark = pytest.mark.integration

CANARY = f"KANARI-{uuid.uuid4()}"
NEEDLES = {CANARY: "a name"}


@pytest.fixture
def plan(stack: Addresses, unique: str, tmp_path: Path) -> Plan:
    """A platform's own part of the servers."""
    return Plan(stack.mongo_uri, stack.kafka_bootstrap, tmp_path, f"{unique}_", stack.kafka_partners)


def test_the_whole_story_is_true(plan: Plan) -> None:
    told = StringIO()
    play.prepare(plan)
    with Platform(plan, Progress(quiet=True), loading=play.LOADING) as platform:
        true = play.play(platform, Narrator(Console(file=told, width=160)))
    assert true, told.getvalue()
    assert not [name for name, process in platform.processes.items() if process.alive]
    assert "\x1b" not in told.getvalue(), "a log can be read without colours"
    for chapter in ("P-004", "V-040", "NTT-2026-", "▒▒▒", "first bad entry"):
        assert chapter in told.getvalue()


async def test_a_name_on_a_topic_is_found(plan: Plan) -> None:
    topic = f"{plan.prefix}planted"
    async with topics(plan.kafka_bootstrap, [topic], partitions=2):
        async with AIOKafkaProducer(**Kafka(plan.kafka_bootstrap).client()) as producer:
            await producer.send_and_wait(topic, f'{{"name":"{CANARY}"}}'.encode(), key=b"K")
            await producer.send_and_wait(topic, b"{}", headers=[("h", CANARY.lower().encode())])
        search = await leaks.in_kafka(plan.kafka_bootstrap, plan.prefix, NEEDLES)
    assert (search.read, len(search.leaks), search.clean) == (2, 2, False)


def test_a_name_in_a_document_is_found_even_when_it_was_deleted(plan: Plan) -> None:
    since = leaks.oplog_now(plan.mongo_uri)
    name = f"{plan.prefix}pulang_cases"
    with pymongo.MongoClient[dict[str, Any]](plan.mongo_uri) as client:
        client[name].rows.insert_one({"_id": 1, "deep": [{"er": CANARY}]})
        kept = leaks.in_mongo(plan.mongo_uri, leaks.databases_of(plan.mongo_uri, plan.prefix), since, NEEDLES)
        client[name].rows.delete_one({"_id": 1})
        deleted = leaks.in_mongo(plan.mongo_uri, [name], since, NEEDLES)
    assert f"a name in {name}.rows" in kept.leaks
    assert deleted.leaks == ["a name in the oplog"]


def test_a_name_in_a_log_or_in_an_encoded_mail_is_found(tmp_path: Path) -> None:
    (tmp_path / "cases-api.log").write_text(f'{{"event":"x"}}\n{{"event":"{CANARY}"}}\n')
    mail = EmailMessage()
    mail["Subject"] = "x"
    mail.set_content(f"{CANARY}", cte="base64")
    (tmp_path / "1.eml").write_bytes(mail.as_bytes())
    assert leaks.in_logs(tmp_path, NEEDLES).leaks == ["a name in cases-api.log:2"]
    assert leaks.in_mail(tmp_path, NEEDLES).leaks == ["a name in mail 1"]


def test_a_name_that_got_into_a_log_makes_the_story_untrue_and_is_not_repeated(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    async def spill(stage: Stage) -> None:
        names.append(stage.stopped["P-004"].said["full_name"])
        (stage.platform.plan.logs / "cases-api.log").write_text(f'{{"event":"{names[0]}"}}\n')

    monkeypatch.setattr(play, "SCENES", (spill,))
    told = StringIO()
    assert not play.play(Platform(plan, Progress(quiet=True)), Narrator(Console(file=told, width=160)))
    assert "name of P-004 in cases-api.log:1" in told.getvalue()
    assert "NOT ALL OF IT IS TRUE" in told.getvalue()
    assert names[0] not in told.getvalue()


def test_a_check_that_fails_or_a_search_that_read_nothing_makes_the_story_untrue() -> None:
    wrong, empty, none = Checks(), Checks(), Checks()
    wrong.equal("people", 8, 9)
    empty.clean(leaks.Search("logs"))
    assert not (wrong.all_hold or empty.all_hold or none.all_hold)
