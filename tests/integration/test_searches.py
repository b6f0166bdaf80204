"""Looking for somebody by NIK or name: within one's own caseload, and nobody else is looked at."""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog
from pymongo import monitoring

from services.intake.api.searches import routes
from shared.events.case_v1 import CaseDrafted, CaseOpened, ManagerChanged
from shared.http.specs import Use
from shared.kernel.clock import system_clock
from shared.kernel.ids import new_id
from shared.observability.logging import configure_logging
from tests.integration.test_intake_api import hand_over, returnee, screening
from tests.security.test_hidden_and_absent import Commands, in_order, told
from tests.support.addresses import Addresses
from tests.support.intake import CHIEF, DPO, MANAGER, POLICE, POSKO, UPTD, Intake, member, running_intake

pytestmark = pytest.mark.integration

PATH = "/v1/subject-searches"
COLLEAGUE, OTHER_MANAGER = "O-23", "O-24"
NIK, NOBODYS = "5302994107907755", "5302994107907756"
NAME = "Kanaria Bele"
CANARIES = (NIK, NOBODYS, "Kanaria", "kanaria", "Bele", "Tiada Namanya")


@pytest.fixture
def commands() -> Iterator[Commands]:
    """A listener that every client made from now on has."""
    listener = Commands()
    monitoring.register(listener)
    yield listener
    listener.sent = []


@pytest.fixture
async def intake(commands: Commands, stack: Addresses, unique: str) -> AsyncIterator[Intake]:
    async with running_intake(stack, unique) as running:
        office = "UPTD_PPA-53.71"
        colleagues = ((COLLEAGUE, "INTAKE_OFFICER"), (OTHER_MANAGER, "CASE_MANAGER"))
        await running.running.employ(*(member(person, office, role) for person, role in colleagues))
        yield running


async def find(intake: Intake, person: str, purpose: str = "CASEWORK", **terms: str) -> Any:
    """What a search answers."""
    return await intake.post(person, PATH, terms, X_Purpose=purpose)


async def refs(intake: Intake, person: str, **terms: str) -> list[str]:
    """Whom a search finds."""
    return [item["ref"] for item in (await find(intake, person, **terms))["items"]]


async def taken_in(intake: Intake, by: str = UPTD, **identity: Any) -> str:
    """Somebody new in intake; answers their reference."""
    answer = await intake.post(by, "/v1/subjects", returnee(identity=identity))
    return str(answer["ref"])


async def in_case(intake: Intake, case: str, **identity: Any) -> str:
    """Somebody whose case the manager took."""
    ref = await taken_in(intake, **identity)
    await intake.post(UPTD, f"/v1/subjects/{ref}/screenings", screening())
    await intake.move(UPTD, f"/v1/subjects/{ref}", hand_over())
    common: dict[str, Any] = {"occurred_at": system_clock(), "case_no": "NTT-2026-048213", "case_ref": case}
    lead = "UPTD_PPA-53.71"
    drafted = CaseDrafted(**common, subject_ref=ref, proposed_lead=lead, host="53.71", risk=None)
    await intake.feed("case-events", drafted, key=case)
    await intake.feed("case-events", CaseOpened(**common, lead=lead, manager=MANAGER), key=case)
    return ref


async def test_a_manager_finds_the_people_of_the_own_cases_and_loses_them_with_the_case(intake: Intake) -> None:
    ref = await in_case(intake, "C-1", full_name=NAME, aliases=["Nona Timur"], nik=NIK)
    await in_case(intake, "C-2", full_name="Orang Lain")
    by = ({"nik": NIK}, {"nik": f"{NIK[:6]} {NIK[6:12]}-{NIK[12:]}"}, {"name": "BELE kanaria"}, {"name": "nona timur"})
    assert [await refs(intake, MANAGER, **terms) for terms in by] == [[ref]] * len(by)
    assert [await refs(intake, OTHER_MANAGER, **terms) for terms in by] == [[]] * len(by)

    changed = ManagerChanged(
        occurred_at=system_clock(),
        case_ref="C-1",
        case_no="NTT-2026-048213",
        lead="UPTD_PPA-53.71",
        manager=OTHER_MANAGER,
    )
    await intake.feed("case-events", changed, key="C-1")
    assert (await refs(intake, MANAGER, nik=NIK), await refs(intake, OTHER_MANAGER, nik=NIK)) == ([], [ref])


async def test_an_intake_officer_finds_whom_they_took_in_themselves(intake: Intake) -> None:
    mine, theirs = await taken_in(intake, full_name=NAME), await taken_in(intake, COLLEAGUE, full_name=NAME)
    assert (await refs(intake, UPTD, name=NAME), await refs(intake, COLLEAGUE, name=NAME)) == ([mine], [theirs])


@pytest.mark.parametrize("person", [POSKO, CHIEF, POLICE, DPO])
async def test_who_has_no_caseload_looks_nobody_up(intake: Intake, person: str) -> None:
    answer = await intake.call(person, "POST", PATH, {"nik": NIK}, X_Purpose="CASEWORK")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_the_answer_tells_no_identity_and_the_audit_names_whom_it_shows(intake: Intake) -> None:
    ref, other = [await taken_in(intake, full_name=NAME, nik=NIK) for _ in range(2)]
    before = len(await intake.rows("audit"))
    shown = await find(intake, UPTD, "PROTECTION", name=NAME)
    assert {item["ref"] for item in shown["items"]} == {ref, other}
    assert (shown["complete"], shown["items"][0]["masked"]) == (True, [])
    [row] = (await intake.rows("audit"))[before:]
    assert (row["action"], row["outcome"], row["purpose"], row["actor"]["person"]) == (
        "SUBJECTS_SEARCHED", "OK", "PROTECTION", UPTD,
    )  # fmt: skip
    assert (set(row["shown_refs"]), row["classes"], row["decision"]) == ({ref, other}, ["C2", "C3"], "PERMIT")
    assert not [word for word in CANARIES if word in str((shown, row))]


@pytest.mark.parametrize("terms", [{"nik": NIK}, {"name": NAME}])
async def test_somebody_elses_people_take_the_path_of_none(
    intake: Intake, commands: Commands, terms: dict[str, str]
) -> None:
    await taken_in(intake, full_name="Seorang Saja")
    await taken_in(intake, COLLEAGUE, full_name=NAME, nik=NIK)
    seen = []
    for asked in (terms, {"nik": NOBODYS} if "nik" in terms else {"name": "Tiada Namanya"}):
        commands.sent = []
        answer = await intake.call(UPTD, "POST", PATH, asked, X_Purpose="CASEWORK")
        found = [(name, where, "" if where == "vault" else form) for name, where, form in in_order(commands.sent)]
        seen.append((told(answer), found))
    assert seen[0] == seen[1]
    assert (seen[0][0][0], seen[0][0][1]["items"]) == (200, [])
    assert ("find", "vault", "") in seen[0][1]


async def test_purpose_is_named_and_serves_the_person(intake: Intake) -> None:
    await taken_in(intake, full_name=NAME, nik=NIK)
    answer = await intake.call(UPTD, "POST", PATH, {"nik": NIK})
    assert (answer.status_code, answer.json()["code"]) == (400, "PURPOSE_MISSING")
    for purpose in ("STATISTICS", "SUPERVISION", "DATA_PROTECTION"):
        refused = await intake.call(UPTD, "POST", PATH, {"nik": NIK}, X_Purpose=purpose)
        assert refused.status_code == 403 or refused.json()["items"] == [], purpose


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {("", "NIK_OR_NAME")}),
        ({"nik": NIK, "name": NAME}, {("", "NIK_OR_NAME")}),
        ({"nik": NIK[:-1]}, {("/nik", "NOT_A_NIK")}),
        ({"nik": NIK[:8]}, {("/nik", "BAD_FORMAT")}),
        ({"nik": f"{NIK}0"}, {("/nik", "NOT_A_NIK")}),
        ({"name": " .,- "}, {("/name", "BAD_VALUE")}),
        ({"name": "K"}, {("/name", "TOO_SHORT")}),
    ],
)
async def test_what_names_nobody_is_refused(intake: Intake, body: dict[str, str], faults: set[tuple[str, str]]) -> None:
    answer = await intake.call(UPTD, "POST", PATH, body, X_Purpose="CASEWORK")
    assert answer.status_code == 422
    assert {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]} == faults
    assert not [word for word in CANARIES if word in answer.text]


async def test_whose_data_may_not_be_used_is_not_found(intake: Intake) -> None:
    restricted = await taken_in(intake, full_name=NAME)
    wish = {"right": "RESTRICTION", "occurred_at": system_clock().isoformat()}
    asked = await intake.post(UPTD, f"/v1/subjects/{restricted}/requests", wish)
    await intake.move(
        CHIEF, f"/v1/requests/{asked['ref']}", {"move": "GRANT", "occurred_at": system_clock().isoformat()}
    )
    found = await taken_in(intake, full_name=NAME)
    assert await refs(intake, UPTD, name=NAME) == [found]


async def test_more_people_than_one_page_are_all_looked_at(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.intake.searching.AT_ONCE", 2)
    found = [await taken_in(intake, full_name=NAME, nik=NIK) for _ in range(5)]
    assert await refs(intake, UPTD, name=NAME) == await refs(intake, UPTD, nik=NIK) == found[::-1]
    monkeypatch.setattr("services.intake.searching.MOST", 4)
    part = await find(intake, UPTD, name=NAME)
    assert ([item["ref"] for item in part["items"]], part["complete"]) == (found[:0:-1], False)


async def test_no_term_is_written_anywhere(intake: Intake) -> None:
    stream = io.StringIO()
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    configure_logging("DEBUG", stream=stream)
    try:
        for terms in ({"nik": NIK}, {"name": NAME}, {"name": NAME, "x": NIK}, {"nik": NAME}):
            await intake.call(UPTD, "POST", PATH, terms, X_Purpose="CASEWORK")
            await intake.call(POSKO, "POST", f"{PATH}?name={NIK}", terms, X_Purpose=new_id())
    finally:
        structlog.configure(**before)
        root.handlers, root.level = handlers, level
    left = stream.getvalue() + (await intake.http.get("/metrics")).text
    left += await intake.everything(intake.settings.mongo_database)
    assert "SUBJECTS_SEARCHED" in left
    assert not [word for word in CANARIES if word in left]


def test_a_search_counts_as_a_look_up() -> None:
    [spec] = routes.specs
    assert spec.use is Use.LOOK_UP
