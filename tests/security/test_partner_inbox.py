"""What partners' systems post: bad input is refused and not repeated, and nobody comes in through another's door."""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import structlog

from shared.events.envelope import BATCH_CONTENT_TYPE, CONTENT_TYPE
from shared.events.strict_json import MAX_DEPTH
from shared.http.inbox import MAX_BATCH
from shared.http.specs import RouteSpec
from shared.service.definition import Service
from tests.architecture.test_house import called, every_route
from tests.security.test_bad_input import CANARY, LABELS, NIK, Refusal, check, texts
from tests.security.test_partner_binding import golden
from tests.support.anyone import Anyone, client_of, interface

INBOXES = [(service, spec) for service, spec in every_route() if spec.for_systems]
PATH = "/v1/partner-events"
FACT = "id.pulang.lpsk.protection.submitted.v1"


def invalid() -> Iterator[tuple[Any, str, str]]:
    """Events that can be read and are none of this agency's, with code and pointer."""
    good = golden(FACT) | {"source": "/partner/lpsk"}
    yield CANARY, "NOT_AN_OBJECT", ""
    yield [good], "NOT_AN_OBJECT", ""
    yield {CANARY.lower(): 1}, "MISSING_ATTRIBUTE", "/specversion"
    yield good | {"specversion": CANARY}, "WRONG_SPECVERSION", "/specversion"
    yield good | {"source": "/partner/police"}, "WRONG_SOURCE", "/source"
    yield good | {"source": "/pulang/cases"}, "WRONG_SOURCE", "/source"
    yield good | {"source": f"/partner/{CANARY}"}, "INVALID_ATTRIBUTE", "/source"
    yield good | {"type": f"id.pulang.lpsk.{CANARY.lower()}.told.v1"}, "UNKNOWN_TYPE", "/type"
    yield good | {"type": "id.pulang.police.report.registered.v1"}, "TYPE_NOT_ALLOWED", "/type"
    yield good | {"correlationid": "c-1"}, "UNKNOWN_ATTRIBUTE", ""
    yield good | {"data": good["data"] | {CANARY: NIK}}, "UNKNOWN_FIELD", "/data"  # type: ignore[operator]
    yield good | {"data": good["data"] | {"foreign_no": CANARY}}, "INVALID_FIELD", "/data/foreign_no"  # type: ignore[operator]
    yield good | {"subject": CANARY * 100}, "INVALID_ATTRIBUTE", "/subject"
    yield good | {"partitionkey": f"{CANARY}\t"}, "INVALID_ATTRIBUTE", "/partitionkey"
    yield good | {"data": {"x": "y" * 70_000}}, "TOO_LARGE", ""


@pytest.mark.parametrize(("service", "spec"), INBOXES, ids=called)
async def test_what_cannot_be_read_is_refused_and_not_repeated(service: Service, spec: RouteSpec) -> None:
    anyone = Anyone()
    async with client_of(interface(service, anyone)) as client:
        for media_type in (CONTENT_TYPE, BATCH_CONTENT_TYPE):
            for raw, expected in texts():
                with structlog.testing.capture_logs() as lines:
                    answer = await client.post(spec.path, content=raw, headers={"Content-Type": media_type})
                await check(answer, expected, lines, anyone)


@pytest.mark.parametrize(("service", "spec"), INBOXES, ids=called)
async def test_what_comes_by_another_label_is_refused(service: Service, spec: RouteSpec) -> None:
    plain: tuple[list[tuple[str, str]], Refusal] = (
        [("Content-Type", "application/json")],
        (415, "WRONG_CONTENT_TYPE"),
    )
    anyone = Anyone()
    async with client_of(interface(service, anyone)) as client:
        for headers, expected in [*LABELS, plain]:
            with structlog.testing.capture_logs() as lines:
                answer = await client.post(spec.path, content=CANARY.encode(), headers=headers)
            await check(answer, expected, lines, anyone)


async def test_one_event_that_is_none_is_refused_by_code_and_place() -> None:
    anyone = Anyone()
    async with client_of(interface(cases(), anyone)) as client:
        for event, code, pointer in invalid():
            with structlog.testing.capture_logs() as lines:
                answer = await client.post(PATH, content=json.dumps(event), headers={"Content-Type": CONTENT_TYPE})
            assert answer.json()["errors"] == [{"pointer": pointer, "code": code}], event
            await check(answer, (422, "INVALID_EVENT"), lines, anyone)


async def test_in_a_batch_each_event_has_its_own_receipt() -> None:
    anyone = Anyone()
    async with client_of(interface(cases(), anyone)) as client:
        found = [each for each in invalid() if each[1] != "TOO_LARGE"]
        batch = json.dumps([event for event, _, _ in found])
        answer = await client.post(PATH, content=batch, headers={"Content-Type": BATCH_CONTENT_TYPE})
    assert answer.status_code == 200
    assert answer.json()["items"] == [
        {"status": "INVALID", "reason": code, "pointer": pointer or None} for _, code, pointer in found
    ]
    assert CANARY.lower() not in answer.text.lower()
    assert anyone.decided == []


@pytest.mark.parametrize(
    ("batch", "code"),
    [({}, "NOT_A_LIST"), (CANARY, "NOT_A_LIST"), ([], "TOO_FEW"), ([1] * (MAX_BATCH + 1), "TOO_MANY")],
)
async def test_a_batch_has_its_bounds(batch: object, code: str) -> None:
    anyone = Anyone()
    async with client_of(interface(cases(), anyone)) as client:
        answer = await client.post(PATH, content=json.dumps(batch), headers={"Content-Type": BATCH_CONTENT_TYPE})
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"pointer": "", "code": code}])
    assert [row.outcome for row in anyone.rows] == ["INVALID_EVENT"]


async def test_a_list_as_deep_as_events_may_be_leaves_room_for_the_batch() -> None:
    deep = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    async with client_of(interface(cases(), Anyone())) as client:
        answer = await client.post(PATH, content=f"[{deep}]", headers={"Content-Type": BATCH_CONTENT_TYPE})
    assert [item["reason"] for item in answer.json()["items"]] == ["NOT_AN_OBJECT"]


def cases() -> Service:
    """The service whose inbox it is."""
    settings = import_module("services.cases.settings").Settings(local=True)
    built: Service = import_module("services.cases.app").service(settings)
    return built
