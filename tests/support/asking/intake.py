"""The requests of intake."""

from tests.integration.test_intake_api import answers, in_case, now, returnee, screening, taken_in
from tests.integration.test_intake_disclosure import stop, stopped
from tests.integration.test_sealed_people import published as sealed
from tests.support.asking.rows import Ask, Rows, moving, posting, reading
from tests.support.intake import CHIEF, DPO, POSKO, UPTD, Intake

HOLD = {"basis": "POLICE_REPORT"}

rows = Rows()


async def a_screening(intake: Intake) -> str:
    """A round of a person's own; answers its path."""
    person = await taken_in(intake)
    done = await intake.post(UPTD, f"{person}/screenings", screening())
    return f"{person}/screenings/{done['ref']}"


async def a_request(intake: Intake) -> str:
    """Somebody asks to be left alone; answers the request's path."""
    asked = {"right": "RESTRICTION", "occurred_at": now()}
    return f"/v1/requests/{(await intake.post(UPTD, f'{await taken_in(intake)}/requests', asked))['ref']}"


async def a_hold(intake: Intake) -> str:
    """A hold over a stop; answers its path."""
    where, _ = await stopped(intake)
    return f"/v1/holds/{(await intake.post(DPO, f'{where}/holds', HOLD))['ref']}"


@rows.row("INTERDICTION_RECORDED")
async def record_stop(intake: Intake) -> Ask:
    return posting(POSKO, "/v1/interdictions", stop(recruiters=[{"name": "V-098"}]))


@rows.row("INTERDICTION_READ")
async def read_stop(intake: Intake) -> Ask:
    return reading(POSKO, (await stopped(intake))[0])


@rows.row("INTERDICTIONS_LISTED")
async def list_stops(intake: Intake) -> Ask:
    await stopped(intake)
    return reading(POSKO, "/v1/interdictions")


@rows.row("INTERDICTION_DETAILS_READ")
async def read_details(intake: Intake) -> Ask:
    return reading(POSKO, f"{(await stopped(intake))[0]}/details")


@rows.row("INTERDICTION_MOVED")
async def move_stop(intake: Intake) -> Ask:
    where, _ = await stopped(intake)
    return await moving(intake, POSKO, where, {"move": "GUIDANCE", "occurred_at": now()})


@rows.row("HOLD_PLACED_ON_STOP")
async def hold_stop(intake: Intake) -> Ask:
    return posting(DPO, f"{(await stopped(intake))[0]}/holds", HOLD)


@rows.row("SUBJECT_REGISTERED")
async def register(intake: Intake) -> Ask:
    return posting(UPTD, "/v1/subjects", returnee(identity={"full_name": "V-040"}))


@rows.row("SUBJECT_READ")
async def read_person(intake: Intake) -> Ask:
    return reading(UPTD, await taken_in(intake))


@rows.row("SUBJECTS_LISTED")
async def list_people(intake: Intake) -> Ask:
    await taken_in(intake)
    return reading(UPTD, "/v1/subjects")


@rows.row("IDENTITY_READ")
async def read_identity(intake: Intake) -> Ask:
    return reading(UPTD, f"{await taken_in(intake, identity={'full_name': 'V-040'})}/identity")


@rows.row("TIMELINE_READ")
async def read_timeline(intake: Intake) -> Ask:
    return reading(UPTD, f"{await taken_in(intake)}/timeline")


@rows.row("SUBJECTS_SEARCHED")
async def search(intake: Intake) -> Ask:
    await taken_in(intake, identity={"full_name": "V-041 V-042"})
    return posting(UPTD, "/v1/subject-searches", {"name": "V-041"}, X_Purpose="CASEWORK")


@rows.row("SUBJECT_SCREENED")
async def screen(intake: Intake) -> Ask:
    return posting(UPTD, f"{await taken_in(intake)}/screenings", screening())


@rows.row("SCREENINGS_LISTED")
async def list_screenings(intake: Intake) -> Ask:
    return reading(UPTD, (await a_screening(intake)).rpartition("/")[0])


@rows.row("SCREENING_ANSWERS_READ")
async def read_answers(intake: Intake) -> Ask:
    return reading(UPTD, await a_screening(intake))


@rows.row("CONSENT_RECORDED")
async def record_consents(intake: Intake) -> Ask:
    return posting(UPTD, f"{await taken_in(intake)}/consents", answers(("SHARE_LPSK", True)))


@rows.row("SUBJECT_MOVED")
async def hand_over(intake: Intake) -> Ask:
    person = await taken_in(intake)
    return await moving(intake, UPTD, person, {"move": "DECLINE", "occurred_at": now()})


@rows.row("REQUEST_RECORDED")
async def record_request(intake: Intake) -> Ask:
    wish = {"right": "CORRECTION", "occurred_at": now(), "identity": {"full_name": "V-040"}}
    return posting(UPTD, f"{await taken_in(intake)}/requests", wish)


@rows.row("REQUEST_READ")
async def read_request(intake: Intake) -> Ask:
    return reading(UPTD, await a_request(intake))


@rows.row("REQUESTS_LISTED")
async def list_requests(intake: Intake) -> Ask:
    await a_request(intake)
    return reading(UPTD, "/v1/requests")


@rows.row("REQUEST_MOVED")
async def decide(intake: Intake) -> Ask:
    return await moving(intake, CHIEF, await a_request(intake), {"move": "GRANT", "occurred_at": now()})


@rows.row("HOLD_PLACED")
async def hold_person(intake: Intake) -> Ask:
    return posting(DPO, f"{await in_case(intake)}/holds", HOLD)


@rows.row("HOLD_READ")
async def read_hold(intake: Intake) -> Ask:
    return reading(DPO, await a_hold(intake))


@rows.row("HOLDS_LISTED")
async def list_holds(intake: Intake) -> Ask:
    await a_hold(intake)
    return reading(DPO, "/v1/holds")


@rows.row("HOLD_MOVED")
async def lift(intake: Intake) -> Ask:
    return await moving(intake, DPO, await a_hold(intake), {"lift": True})


async def a_sealed_person(intake: Intake) -> str:
    """Somebody whose case is sealed; answers their reference."""
    ref = (await taken_in(intake)).rpartition("/")[2]
    await intake.feed("staff-events", sealed(ref, CHIEF), key=ref)
    return ref


@rows.row("SEALS_LISTED")
async def list_seals(intake: Intake) -> Ask:
    await a_sealed_person(intake)
    return reading(DPO, "/v1/seals")


@rows.row("SEAL_READERS_LISTED")
async def list_readers_of_sealed(intake: Intake) -> Ask:
    return reading(DPO, f"/v1/seals/{await a_sealed_person(intake)}/readers")
