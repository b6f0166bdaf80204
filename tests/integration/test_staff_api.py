"""The staff directory over HTTP: an administrator's own agency, and the kill switch everywhere."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.cases.app import service as cases_service
from services.cases.settings import Settings as CasesSettings
from services.intake.app import service as intake_service
from services.intake.settings import Settings as IntakeSettings
from shared.service.definition import Role
from tests.support.addresses import Addresses
from tests.support.cases import Cases, running_cases
from tests.support.declared_topics import declared_topics
from tests.support.intake import Intake
from tests.support.platform import local, serving, sign_in, until

pytestmark = pytest.mark.integration

SINCE = "2026-01-01T00:00:00+08:00"
STAFF = f"""\
members:
  - {{person: O-20, agency: UPTD_PPA-53.71, roles: [INTAKE_OFFICER], valid_from: {SINCE}}}
  - {{person: O-51, agency: LPSK-53, roles: [AGENCY_OFFICER], valid_from: {SINCE}}}
  - {{person: O-90, agency: UPTD_PPA-53.71, roles: [AGENCY_ADMIN], valid_from: {SINCE}}}
  - {{person: O-99, agency: GT_PROV-53, roles: [DPO], valid_from: {SINCE}}}
"""
ADMIN, DPO = "O-90", "O-99"


@pytest.fixture
async def cases(stack: Addresses, unique: str) -> AsyncIterator[Cases]:
    async with running_cases(stack, unique) as running:
        await running.hire(STAFF)
        yield running


async def test_an_administrator_sees_and_changes_their_own_agency_only(cases: Cases) -> None:
    listed = await cases.read(ADMIN, "/v1/staff?limit=100")
    assert {row["agency"]["code"] for row in listed["items"]} == {"UPTD_PPA-53.71"}
    absent = await cases.call(ADMIN, "GET", "/v1/staff/O-NOBODY")
    for path in ("/v1/staff/O-51", "/v1/staff/O-99"):
        hidden = await cases.call(ADMIN, "GET", path)
        assert (hidden.status_code, hidden.json()["code"]) == (absent.status_code, absent.json()["code"])
    assert (await cases.call(DPO, "GET", "/v1/staff/O-51")).status_code == 200
    assert (await cases.call("O-20", "GET", "/v1/staff")).status_code == 403


async def test_a_new_member_can_work_and_a_change_needs_the_version_that_was_read(cases: Cases) -> None:
    body = {"person": "O-25", "roles": ["CASE_MANAGER"]}
    made = await cases.call(ADMIN, "POST", "/v1/staff", body)
    assert (made.status_code, made.headers["location"]) == (201, "/v1/staff/O-25")
    assert (await cases.call("O-25", "GET", "/v1/cases")).status_code == 200
    changed = {"roles": ["SUPERVISOR"], "kabupaten": ["53.71"]}
    assert (await cases.call(ADMIN, "PUT", "/v1/staff/O-25", changed)).status_code == 428
    done = await cases.call(ADMIN, "PUT", "/v1/staff/O-25", changed, If_Match=made.headers["etag"])
    assert (done.status_code, [role["code"] for role in done.json()["roles"]]) == (200, ["SUPERVISOR"])
    late = await cases.call(ADMIN, "PUT", "/v1/staff/O-25", body | {"roles": ["CASE_MANAGER"]}, If_Match='"x"')
    assert late.status_code in {412, 422}


async def test_refusals_name_their_code_and_field(cases: Cases) -> None:
    taken = await cases.call(ADMIN, "POST", "/v1/staff", {"person": "O-51", "roles": ["CASE_MANAGER"]})
    assert (taken.status_code, taken.json()["code"]) == (409, "PERSON_KNOWN")
    given = await cases.call(ADMIN, "POST", "/v1/staff", {"person": "O-26", "roles": ["DPO"]})
    assert (given.status_code, given.json()["code"]) == (403, "ROLE_GIVEN_BY_OPERATOR")
    own = await cases.call(ADMIN, "POST", f"/v1/staff/{ADMIN}/moves", {"move": "SUSPEND", "reason": "DEVICE_LOST"})
    assert own.status_code == 404  # nobody's own entry is among those that they may change


async def test_whoever_is_shut_out_is_nobody_at_once(cases: Cases) -> None:
    assert (await cases.call("O-51", "GET", "/v1/referrals")).status_code == 200
    await cases.post(DPO, "/v1/staff/O-51/moves", {"move": "SUSPEND", "reason": "MISUSE_SUSPECTED"})
    gone = await cases.call("O-51", "GET", "/v1/referrals")
    assert (gone.status_code, gone.json()["code"]) == (403, "STAFF_UNKNOWN")
    await cases.post(DPO, "/v1/staff/O-51/moves", {"move": "REINSTATE"})
    assert (await cases.call("O-51", "GET", "/v1/referrals")).status_code == 200
    await cases.post(DPO, "/v1/office-moves", {"agency": "LPSK-53", "move": "SUSPEND", "reason": "BREACH_CONTAINED"})
    assert (await cases.call("O-51", "GET", "/v1/referrals")).status_code == 403
    own = {"agency": "GT_PROV-53", "move": "SUSPEND", "reason": "BREACH_CONTAINED"}
    assert (await cases.call(DPO, "POST", "/v1/office-moves", own)).json()["code"] == "NOT_ONES_OWN_OFFICE"


async def test_the_kill_switch_holds_in_another_service_within_five_seconds_or_nobody_reads(
    stack: Addresses, unique: str
) -> None:
    """Intake reads as long as it knows the directory of the last five seconds, and not a moment longer."""
    async with declared_topics(stack, unique), sign_in() as signing:
        ours = local(
            IntakeSettings, stack, unique, signing.url, suspects_database=f"{unique}_sus", directory_max_age_s=5.0
        )
        theirs = local(CasesSettings, stack, unique, signing.url)
        async with serving(intake_service(ours), ours, Role.ALL) as running:
            intake = Intake(running, signing, ours)

            async def status(person: str = "O-20") -> int:
                return (await intake.call(person, "GET", "/v1/subjects")).status_code

            async with serving(cases_service(theirs), theirs, Role.ALL) as cases_running:
                cases = Cases(cases_running.runtime, cases_running.http, signing)
                await cases.hire(STAFF)

                async def answers(code: int, person: str = "O-20") -> bool:
                    return await status(person) == code

                await until(lambda: answers(200), timeout_s=40)
                await cases.post(DPO, "/v1/staff/O-20/moves", {"move": "SUSPEND", "reason": "DEVICE_LOST"})
                loop = asyncio.get_running_loop()
                since = loop.time()
                await until(lambda: answers(403), timeout_s=5)
                assert loop.time() - since < 5
                await cases.post(DPO, "/v1/staff/O-20/moves", {"move": "REINSTATE"})
                await until(lambda: answers(200), timeout_s=10)
            # Cases is gone: nobody can tell any more who has been shut out.
            since = loop.time()
            await until(lambda: answers(503), timeout_s=8)
            assert loop.time() - since < 6.5
            stale = await intake.call("O-20", "GET", "/v1/subjects")
            assert (stale.json()["code"], "retry-after" in stale.headers) == ("DIRECTORY_STALE", True)
            rows = await running.rows("inbox", {})
            assert all("pulse" not in row["_id"] for row in rows), "a pulse a second would fill the inbox"
