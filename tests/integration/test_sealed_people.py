"""The people of a sealed case in intake, and what is said of it in notify: there for those named alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.notify.domain.notice import Notice
from shared.events.staff_v1 import SealPublished
from shared.kernel.clock import system_clock
from shared.kernel.ids import new_id
from tests.integration.test_erasure import somebody
from tests.integration.test_hand_over import CANARY, MANAGER, Both, case_of, handed_over, manager_of, running_both
from tests.integration.test_intake_disclosure import shape
from tests.integration.test_notify_routes import COLLEAGUE, OPERATOR, SUPERVISOR, Office
from tests.integration.test_notify_routes import MANAGER as OFFICER
from tests.support.addresses import Addresses
from tests.support.declared_topics import declared_topics
from tests.support.intake import CHIEF, DPO, UPTD, Intake, running_intake
from tests.support.notify import UPTD as OFFICE
from tests.support.notify import client_of, desk, member, notify, progressed
from tests.support.platform import until

pytestmark = pytest.mark.integration

WATCH = "O-90"
HIRED = """\
members:
  - {person: O-29, agency: UPTD_PPA-53.71, roles: [SUPERVISOR], valid_from: 2026-01-01T00:00:00+08:00}
"""


def published(ref: str, *people: str, kind: str = "SUBJECT", active: bool = True) -> SealPublished:
    """A seal as cases tells of it."""
    now = system_clock()
    body: dict[str, Any] = {"ref": ref, "kind": kind, "people": people, "active": active}
    return SealPublished(occurred_at=now, since=now, seal_ref="seal-1", offices=(), **body)


@pytest.fixture
async def intake(stack: Addresses, unique: str) -> AsyncIterator[Intake]:
    async with running_intake(stack, unique) as running:
        yield running


async def test_a_sealed_person_is_nobody_for_whoever_is_not_named(intake: Intake) -> None:
    person, other = [
        str((await intake.post(UPTD, "/v1/subjects", somebody(full_name=CANARY)))["ref"]) for _ in range(2)
    ]
    asked = {"right": "ERASURE", "occurred_at": system_clock().isoformat()}
    request = await intake.post(UPTD, f"/v1/subjects/{person}/requests", asked)
    for officer, path in ((UPTD, f"/v1/subjects/{person}"), (CHIEF, f"/v1/subjects/{person}"), (DPO, "/v1/requests")):
        assert (await intake.call(officer, "GET", path)).status_code == 200
    await intake.feed("staff-events", published(person, CHIEF), key=person)

    hidden = await intake.call(UPTD, "GET", f"/v1/subjects/{person}")
    absent = await intake.call(UPTD, "GET", f"/v1/subjects/{new_id()}")
    assert (hidden.status_code, shape(hidden)) == (404, shape(absent))
    for rest in ("/identity", "/timeline", "/screenings"):
        assert (await intake.call(UPTD, "GET", f"/v1/subjects/{person}{rest}")).status_code == 404
    assert [row["ref"] for row in (await intake.read(UPTD, "/v1/subjects"))["items"]] == [other]
    assert (await intake.call(UPTD, "POST", f"/v1/subjects/{person}/requests", asked)).status_code == 404
    for officer in (UPTD, DPO):
        assert (await intake.read(officer, "/v1/requests"))["items"] == []
        assert (await intake.call(officer, "GET", f"/v1/requests/{request['ref']}")).status_code == 404

    assert (await intake.read(CHIEF, "/v1/requests"))["items"][0]["subject_ref"] == person
    assert (await intake.call(CHIEF, "GET", f"/v1/subjects/{person}")).status_code == 200
    readers = {row["person"]: row["named"] for row in (await intake.read(DPO, f"/v1/seals/{person}/readers"))["items"]}
    assert readers == {UPTD: False, CHIEF: True, DPO: False}
    await intake.feed("staff-events", published(person, CHIEF, active=False), key=person)
    assert (await intake.call(UPTD, "GET", f"/v1/subjects/{person}")).status_code == 200


@pytest.fixture
async def both(stack: Addresses, unique: str) -> AsyncIterator[Both]:
    async with declared_topics(stack, unique), running_both(stack, unique) as running:
        yield running


async def test_sealing_holds_in_another_service_within_five_seconds(both: Both) -> None:
    person = await handed_over(both)
    case = f"/v1/cases/{await case_of(both, person)}"
    await both.cases.move(MANAGER, case, {"move": "TAKE"})
    await until(lambda: manager_of(both, person), timeout_s=40)
    await both.cases.hire(HIRED)
    assert [await both.status(officer, person) for officer in (UPTD, MANAGER)] == [200, 200]

    async def gone() -> bool:
        return await both.status(UPTD, person) == 404

    loop = asyncio.get_running_loop()
    since = loop.time()
    await both.cases.seal(MANAGER, case, "O-29")
    await until(gone, timeout_s=5)
    assert loop.time() - since < 5
    assert (await both.intake.read(UPTD, "/v1/subjects"))["items"] == []
    assert (await both.intake.read(MANAGER, f"{person}/identity"))["full_name"] == CANARY


@pytest.fixture
async def office(mongo_uri: str, unique: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with notify(mongo_uri, unique, tmp_path) as ours, client_of(ours) as client:
        people = {OFFICER: "CASE_MANAGER", COLLEAGUE: "INTAKE_OFFICER", SUPERVISOR: "SUPERVISOR", OPERATOR: "OPERATOR"}
        for person, role in people.items():
            await ours.apply(member(person, role, OFFICE))
        await ours.apply(member(WATCH, "DPO", "DPO-53"))
        await ours.write_down(OFFICE, desk())
        yield Office(ours, client)


async def test_a_sealed_cases_notices_are_in_the_inbox_of_those_named_alone(office: Office) -> None:
    await office.ours.apply(progressed())
    [notice] = await office.ours.all(Notice)
    await office.mark(COLLEAGUE, notice.id)
    await office.ours.apply(published("case-1", OFFICER, kind="CASE"))
    await office.ours.apply(progressed())
    for person in (COLLEAGUE, SUPERVISOR):
        found = await office.inbox(person, "?count=true")
        assert (found["items"], found["unread"]) == ([], 0), person
        assert (await office.get(person, f"/v1/inbox/{notice.id}")).status_code == 404
        assert (await office.mark(person, notice.id)).status_code == 404
    for person in (SUPERVISOR, OPERATOR):
        assert (await office.get(person, "/v1/deliveries")).json()["items"] == [], person
    assert len((await office.inbox(OFFICER))["items"]) == 2
    readers = (await office.get(WATCH, "/v1/seals/case-1/readers")).json()["items"]
    assert [(row["person"], row["named"]) for row in readers] == [(COLLEAGUE, False), (OFFICER, True)]


async def test_a_mail_that_waits_never_leaves_and_none_follows(office: Office) -> None:
    ours = office.ours
    await ours.apply(progressed())
    await ours.apply(published("case-1", OFFICER, kind="CASE"))
    await ours.apply(progressed())
    await ours.sender.round()
    assert ours.mailbox.messages() == []
    assert [delivery.state.value for delivery in await ours.mails()] == ["WITHDRAWN"]
    assert "id.pulang.notice.notice.undeliverable.v1" not in {type_ for type_, _ in await ours.published()}
    await ours.apply(published("case-1", OFFICER, kind="CASE", active=False))
    await ours.apply(progressed())
    await ours.sender.round()
    assert len(ours.mailbox.messages()) == 1
