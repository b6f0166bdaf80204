"""Marked words, typed into every field that takes identity or prose: none comes out again anywhere but sealed.

Looked for in the bytes of every database of the service, in every topic, in its logs and in its metrics.
"""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pymongo
import pytest
import structlog
from bson.raw_bson import RawBSONDocument

from shared.events.registry import load_topics
from shared.kernel.clock import system_clock
from shared.observability.logging import configure_logging
from shared.service.definition import Role
from tests.support.addresses import Addresses
from tests.support.declared_topics import bytes_in, declared_topics
from tests.support.intake import POSKO, TTS, UPTD, Intake, running_intake
from tests.support.platform import until

pytestmark = pytest.mark.integration

WORD = "KANARI"
NUMBER, PASSPORT, PHONE, OTHER_PHONE = "5302994107907733", "X9907733", "081299007733", "081299007744"
VILLAGE = "53.02.01.2012"
CANARIES = (WORD, WORD.lower(), NUMBER, PASSPORT, PHONE[1:], OTHER_PHONE[1:], VILLAGE)
"""Written so that other spellings of the same (a phone with +62) are found as well."""
PASSED_ON = frozenset({"intake-events"})


@dataclass
class Left:
    """What was left behind by a day's work."""

    databases: dict[str, bytes]
    topics: dict[str, bytes]
    logs: str
    metrics: str
    answers: list[str]
    """Bodies of refusals."""
    shown: dict[str, Any]
    """The identity, to somebody who may read it: so that the words did get in."""


@contextmanager
def captured() -> Iterator[io.StringIO]:
    """All logs of the process, at their most talkative; its own set-up is put back afterwards."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging("DEBUG", stream=stream)
    try:
        yield stream
    finally:
        structlog.configure(**before)
        root.handlers, root.level = handlers, level
        logging.getLogger("uvicorn.access").disabled = False


def stop() -> dict[str, Any]:
    """A stop on the road, with a marked word wherever words may stand."""
    person = {
        "identity": {
            "full_name": f"{WORD}-NAMA",
            "aliases": [f"{WORD}-ALIAS"],
            "nik": NUMBER,
            "passport_no": PASSPORT,
            "mother_name": f"{WORD}-IBU",
            "phones": [PHONE],
            "village": VILLAGE,
        },
        "indicators": ["BRUISES"],
        "note": f"{WORD}-CATATAN",
    }
    contact = {"name": f"{WORD}-PEREKRUT", "aliases": [f"{WORD}-BOS"], "phone": OTHER_PHONE, "note": f"{WORD}-CIRI"}
    return {
        "occurred_at": system_clock().isoformat(),
        "village": VILLAGE,
        "destination": "61.71",
        "legal_basis": "PERMENAKER_18_2024",
        "company_claimed": f"PT {WORD}",
        "people": [person],
        "recruiters": [contact],
    }


async def work(intake: Intake) -> dict[str, Any]:
    """A stop, a screening with a narrative, and the hand-over; answers the identity as the posko reads it."""
    done = await intake.post(TTS, "/v1/interdictions", stop())
    person = f"/v1/subjects/{done['people'][0]['subject_ref']}"
    talk = {"private": True, "confirmed": True, "indicators": ["RECRUIT", "FORCE", "LABOUR_EXPLOIT"]}
    await intake.post(TTS, f"{person}/screenings", talk | {"occurred_at": done["occurred_at"], "note": f"{WORD}-KISAH"})
    shown: dict[str, Any] = await intake.read(TTS, f"{person}/identity")
    await intake.move(TTS, person, {"move": "HAND_OVER", "occurred_at": done["occurred_at"]})
    return shown


async def fumble(intake: Intake) -> list[str]:
    """Words typed where they don't belong; answers the bodies of the refusals."""
    wrong = stop() | {"destination": f"{WORD}-TUJUAN", "recruiters": [{"tie": f"{WORD}-HUBUNGAN"}]}
    answers = [
        await intake.call(POSKO, "POST", "/v1/interdictions", wrong),
        await intake.call(POSKO, "POST", "/v1/interdictions", stop() | {"legal_basis": "UU18_2017_ART40"}),
        await intake.call(POSKO, "POST", "/v1/interdictions", stop() | {f"{WORD}": NUMBER}),
        await intake.call(POSKO, "GET", f"/v1/subjects/{WORD}-NAMA/identity"),
        await intake.call(POSKO, "GET", f"/v1/subjects?state={WORD}&nama={NUMBER}"),
        await intake.call(UPTD, "GET", f"/v1/{WORD}/{PHONE}"),
        await intake.call(f"{WORD}-ORANG", "GET", "/v1/subjects"),
    ]
    assert all(answer.status_code >= 400 for answer in answers), [answer.status_code for answer in answers]
    return [answer.text for answer in answers]


@pytest.fixture(scope="module")
async def left(stack: Addresses) -> AsyncIterator[Left]:
    """A day's work, and what it left."""
    prefix = f"t{uuid4().hex[:10]}"
    async with declared_topics(stack, prefix) as kafka:
        with captured() as logs:
            async with running_intake(stack, prefix, role=Role.ALL) as intake:
                shown, answers = await work(intake), await fumble(intake)

                async def passed_on() -> bool:
                    return not await intake.rows("outbox")

                await until(passed_on)
                metrics = (await intake.running.http.get("/metrics")).text
        topics = {name: b"\n".join(await bytes_in(kafka, name)) for name in load_topics()}
    databases = bytes_of(stack, prefix)
    yield Left(databases, topics, logs.getvalue(), metrics, answers, shown)
    with pymongo.MongoClient[dict[str, Any]](stack.mongo_uri) as client:
        for name in databases:
            client.drop_database(name)


def bytes_of(stack: Addresses, prefix: str) -> dict[str, bytes]:
    """Each database's documents, as the server stores them."""
    found: dict[str, bytes] = {}
    with pymongo.MongoClient[RawBSONDocument](stack.mongo_uri, document_class=RawBSONDocument) as client:
        for name in client.list_database_names():
            if name.startswith(prefix):
                database = client[name]
                held = [document.raw for each in database.list_collection_names() for document in database[each].find()]
                found[name] = b"\n".join(held)
    return found


def spellings(canary: str) -> tuple[bytes, ...]:
    """The word's bytes as they stand in UTF-8 and in UTF-16."""
    return canary.encode(), canary.encode("utf-16-le")


def test_the_words_did_get_in_and_the_one_who_may_reads_them(left: Left) -> None:
    assert left.shown["full_name"] == f"{WORD}-NAMA"
    assert (left.shown["nik"], left.shown["phones"], left.shown["village"]) == (NUMBER, [PHONE], VILLAGE)


def test_no_database_holds_a_word_in_the_clear(left: Left) -> None:
    assert len(left.databases) == 4, "people, suspects, and the keys of each"
    assert all(left.databases.values())
    assert [name for name, held in left.databases.items() if left.shown["ref"].encode() in held], "so is a reference"
    for name, held in left.databases.items():
        assert not [c for c in CANARIES for spelling in spellings(c) if spelling in held], name


def test_no_topic_carries_a_word(left: Left) -> None:
    assert {name for name, held in left.topics.items() if held} == PASSED_ON
    assert left.shown["ref"].encode() in left.topics["intake-events"], "what is there would be found"
    for name, held in left.topics.items():
        assert not [c for c in CANARIES for spelling in spellings(c) if spelling in held], name


@pytest.mark.parametrize("canary", CANARIES)
def test_no_log_metric_or_refusal_repeats_a_word(left: Left, canary: str) -> None:
    assert left.logs.count("answered") >= 10
    assert "pulang_" in left.metrics
    assert canary not in left.logs
    assert canary not in left.metrics
    assert not [answer for answer in left.answers if canary in answer]
