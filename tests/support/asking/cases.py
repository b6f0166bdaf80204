"""The requests of cases."""

from typing import Any

from shared.events.envelope import CONTENT_TYPE
from shared.kernel.ids import new_id
from tests.integration.test_access import giving
from tests.integration.test_cases_api import LPSK, MANAGER, SUPERVISOR, drafted, opened, referred, said
from tests.integration.test_partner_events import TOPIC, submitted, told
from tests.support.asking.rows import Ask, Rows, moving, posting, reading, sent
from tests.support.cases import STAFF, Cases

ADMIN, DPO = "O-91", "O-90"


def entry(person: str, agency: str, role: str) -> str:
    """A member's line of the roster."""
    since = "2026-01-01T00:00:00+08:00"
    return f"  - {{person: {person}, agency: {agency}, roles: [{role}], valid_from: {since}}}\n"


ROSTER = STAFF + entry(ADMIN, "UPTD_PPA-53.71", "AGENCY_ADMIN") + entry(DPO, "DPO-53", "DPO")
BREACH = {"kind": "ACCOUNT_MISUSED", "accounts": [MANAGER]}
ANSWER = {"move": "ACCEPT", "data": {"foreign_no": "PP.01/2026"}}

rows = Rows()


async def a_draft(cases: Cases) -> str:
    """A case of somebody's own that nobody has taken yet; answers its path."""
    return await drafted(cases, subject_ref=f"P-{new_id()}")


async def a_case(cases: Cases) -> str:
    """A case that its manager works on."""
    return await opened(cases, subject_ref=f"P-{new_id()}")


async def a_member(cases: Cases) -> str:
    """Somebody whom the administrator employed; answers their path."""
    body = {"person": f"O-{new_id()}", "roles": ["CASE_MANAGER"]}
    return f"/v1/staff/{(await cases.post(ADMIN, '/v1/staff', body))['person']}"


async def a_file(cases: Cases) -> Any:
    """LPSK's file of a case of its own."""
    case = await a_case(cases)
    number = {"foreign_no": f"PP.{new_id()[-8:].upper()}/2026"}
    await cases.move(LPSK, await referred(cases, case), {"move": "ACCEPT", "data": number})
    [file] = (await cases.read(LPSK, f"{case}/files"))["items"]
    return file


@rows.row("CASES_LISTED")
async def list_cases(cases: Cases) -> Ask:
    await a_case(cases)
    return reading(MANAGER, "/v1/cases")


@rows.row("CASE_READ")
async def read_case(cases: Cases) -> Ask:
    return reading(MANAGER, await a_case(cases))


@rows.row("CASE_MOVED")
async def take_case(cases: Cases) -> Ask:
    return await moving(cases, MANAGER, await a_draft(cases), {"move": "TAKE"})


@rows.row("CASE_REASSIGNED")
async def reassign_case(cases: Cases) -> Ask:
    case = await a_case(cases)
    tag = (await cases.call(SUPERVISOR, "GET", case)).headers["etag"]
    return posting(SUPERVISOR, f"{case}/manager", {"manager": "O-21"}, If_Match=tag)


@rows.row("MEMBER_EXCLUDED")
async def exclude(cases: Cases) -> Ask:
    return posting(MANAGER, f"{await a_case(cases)}/exclusions", {"person": "O-51", "reason": "SAME_VILLAGE"})


@rows.row("INTEREST_DECLARED")
async def declare_interest(cases: Cases) -> Ask:
    return posting(MANAGER, f"{await a_case(cases)}/interests", {"reason": "RELATIVE"})


@rows.row("MEMBER_READMITTED")
async def readmit(cases: Cases) -> Ask:
    case = await a_case(cases)
    await cases.post(MANAGER, f"{case}/exclusions", {"person": "O-51", "reason": "SAME_VILLAGE"})
    return posting(SUPERVISOR, f"{case}/readmissions", {"person": "O-51", "reason": "NAMED_IN_ERROR"})


@rows.row("CASE_SEALED")
async def seal(cases: Cases) -> Ask:
    return posting(SUPERVISOR, f"{await a_case(cases)}/seal", {"reason": "WITNESS_PROTECTION"})


@rows.row("CASE_UNSEALED")
async def unseal(cases: Cases) -> Ask:
    case = await a_case(cases)
    await cases.seal(SUPERVISOR, case)
    return posting(SUPERVISOR, f"{case}/seal/moves", {"move": "UNSEAL", "reason": "DANGER_OVER"})


@rows.row("CONSENTS_LISTED")
async def list_consents(cases: Cases) -> Ask:
    return reading(MANAGER, f"{await a_case(cases)}/consents")


@rows.row("CONSENT_RECORDED")
async def record_consent(cases: Cases) -> Ask:
    return posting(MANAGER, f"{await a_case(cases)}/consents", said("POLICE_REPORT", "REFUSED"))


@rows.row("REFERRAL_SENT")
async def send_referral(cases: Cases) -> Ask:
    body = {"agency": "LPSK-53", "purpose": "LPSK_APPLICATION"}
    return posting(MANAGER, f"{await a_case(cases)}/referrals", body)


@rows.row("REFERRALS_LISTED")
async def list_referrals(cases: Cases) -> Ask:
    await referred(cases, await a_case(cases))
    return reading(LPSK, "/v1/referrals")


@rows.row("REFERRAL_READ")
async def read_referral(cases: Cases) -> Ask:
    return reading(LPSK, await referred(cases, await a_case(cases)))


@rows.row("REFERRAL_ANSWERED")
async def answer_referral(cases: Cases) -> Ask:
    return await moving(cases, LPSK, await referred(cases, await a_case(cases)), ANSWER)


@rows.row("FILES_LISTED")
async def list_files(cases: Cases) -> Ask:
    return reading(LPSK, f"/v1/cases/{(await a_file(cases))['case']}/files")


@rows.row("FILE_READ")
async def read_file(cases: Cases) -> Ask:
    return reading(LPSK, f"/v1/files/{(await a_file(cases))['id']}")


@rows.row("TIMELINE_READ")
async def read_timeline(cases: Cases) -> Ask:
    return reading(MANAGER, f"{await a_case(cases)}/timeline")


@rows.row("TASKS_LISTED")
async def list_tasks(cases: Cases) -> Ask:
    return reading(MANAGER, "/v1/tasks")


@rows.row("STAFF_LISTED")
async def list_staff(cases: Cases) -> Ask:
    return reading(ADMIN, "/v1/staff")


@rows.row("STAFF_READ")
async def read_member(cases: Cases) -> Ask:
    return reading(ADMIN, await a_member(cases))


@rows.row("STAFF_EMPLOYED")
async def employ(cases: Cases) -> Ask:
    return posting(ADMIN, "/v1/staff", {"person": "O-25", "roles": ["CASE_MANAGER"]})


@rows.row("STAFF_CHANGED")
async def change_member(cases: Cases) -> Ask:
    path = await a_member(cases)
    tag = (await cases.call(ADMIN, "GET", path)).headers["etag"]
    return Ask(ADMIN, "PUT", path, {"roles": ["SUPERVISOR"]}, {"If_Match": tag})


@rows.row("STAFF_MOVED")
async def suspend(cases: Cases) -> Ask:
    return posting(DPO, f"{await a_member(cases)}/moves", {"move": "SUSPEND", "reason": "DEVICE_LOST"})


@rows.row("OFFICE_MOVED")
async def suspend_office(cases: Cases) -> Ask:
    return posting(DPO, "/v1/office-moves", {"move": "SUSPEND", "agency": "CSO-53", "reason": "BREACH_CONTAINED"})


@rows.row("BREACHES_LISTED")
async def list_breaches(cases: Cases) -> Ask:
    return reading(DPO, "/v1/breaches")


@rows.row("BREACH_KNOWN")
async def know_breach(cases: Cases) -> Ask:
    return posting(DPO, "/v1/breaches", BREACH)


@rows.row("BREACH_READ")
async def read_breach(cases: Cases) -> Ask:
    return reading(DPO, f"/v1/breaches/{(await cases.post(DPO, '/v1/breaches', BREACH))['id']}")


@rows.row("BREACH_TOLD")
async def tell_of_breach(cases: Cases) -> Ask:
    breach = await cases.post(DPO, "/v1/breaches", BREACH)
    return posting(DPO, f"/v1/breaches/{breach['id']}/notices", {"told": "AUTHORITY"})


@rows.row("FACTS_REPORTED")
async def report_fact(cases: Cases) -> Ask:
    case = await a_case(cases)
    await referred(cases, case)
    case_no = (await cases.read(LPSK, case))["case_no"]
    fact = told(submitted(case_no, f"PP.{new_id()[-8:].upper()}/2026"), f"L-{new_id()}")
    token = f"Bearer {cases.signing.issuer.mint_partner(TOPIC)}"
    return posting(TOPIC, "/v1/partner-events", fact, Authorization=token, Content_Type=CONTENT_TYPE)


@rows.row("ACCESS_GIVEN")
async def give_access(cases: Cases) -> Ask:
    return posting(MANAGER, f"{await a_case(cases)}/access", giving())


@rows.row("ACCESS_LISTED")
async def list_access(cases: Cases) -> Ask:
    case = await a_case(cases)
    await cases.post(MANAGER, f"{case}/access", giving())
    return reading(MANAGER, f"{case}/access")


@rows.row("ACCESS_WITHDRAWN")
async def withdraw_access(cases: Cases) -> Ask:
    case = await a_case(cases)
    given = await cases.post(MANAGER, f"{case}/access", giving())
    return posting(MANAGER, f"{case}/access/{given['id']}/moves", {"move": "WITHDRAW"})


@rows.row("SEALS_LISTED")
async def list_seals(cases: Cases) -> Ask:
    await cases.seal(SUPERVISOR, await a_case(cases))
    return reading(DPO, "/v1/seals")


@rows.row("SEAL_READERS_LISTED")
async def list_readers_of_sealed(cases: Cases) -> Ask:
    case = await a_case(cases)
    await cases.seal(SUPERVISOR, case)
    return reading(DPO, f"/v1/seals/{case.rpartition('/')[2]}/readers")


async def emergency_ask(cases: Cases) -> Ask:
    """Somebody opens a case of which they know the number."""
    case_no = (await cases.read(MANAGER, await a_case(cases)))["case_no"]
    return posting(LPSK, f"/v1/case-numbers/{case_no}/emergency-access", {"reason": "LIFE_IN_DANGER"})


async def an_emergency(cases: Cases) -> str:
    """An access in an emergency; answers its path."""
    return f"/v1/emergencies/{(await sent(cases, await emergency_ask(cases))).json()['id']}"


@rows.row("EMERGENCY_ACCESS")
async def open_in_emergency(cases: Cases) -> Ask:
    return await emergency_ask(cases)


@rows.row("EMERGENCIES_LISTED")
async def list_emergencies(cases: Cases) -> Ask:
    await an_emergency(cases)
    return reading(DPO, "/v1/emergencies")


@rows.row("EMERGENCY_READ")
async def read_emergency(cases: Cases) -> Ask:
    return reading(DPO, await an_emergency(cases))


@rows.row("EMERGENCY_MOVED")
async def review_emergency(cases: Cases) -> Ask:
    return posting(DPO, f"{await an_emergency(cases)}/moves", {"move": "REVIEW", "outcome": "JUSTIFIED"})
