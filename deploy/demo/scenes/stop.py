"""El Tari, 14 May 2026, 04:40: nine people and somebody who paid their tickets."""

from typing import Any

from deploy.demo.cast import HOMES, Person, recruiter
from deploy.demo.clock import at
from deploy.demo.narration import moment_of
from deploy.demo.stage import Stage
from shared.kernel.ids import new_id

POSKO, UNIT, BP3MI = "O-01", "O-20", "O-40"
TASK_FORCES = {"O-02": "53.02", "O-03": "53.03", "O-04": "53.21"}
TOLD = (
    "posko@naker.example",
    "gugus-tugas@tts.example",
    "gugus-tugas@ttu.example",
    "gugus-tugas@malaka.example",
    "desk@polri.example",
    "jaga@uptd-ppa.example",
)
TO_SCREEN = ("P-004", "P-007")
NOT_FOUND = 404


async def play(stage: Stage) -> None:
    """The stop, who is told of it, what each of them sees, and seven who go home with advice."""
    stage.clock.turn_to(at(5, 20))
    stage.narrator.chapter(at(4, 40), "Sembilan orang di Bandara El Tari", "Nine people at El Tari airport")
    path = await _record(stage)
    await _who_sees_what(stage, path)
    await _guide_seven(stage)
    mails = await stage.mails_sent(*TOLD)
    stage.narrator.quote("one of them, as it arrived:", _text_to(mails, "gugus-tugas@tts.example"))
    stage.checks.true("BP3MI gets no mail of a domestic journey", not _text_to(mails, "desk@bp3mi.example"))


async def _record(stage: Stage) -> str:
    narrator, posko = stage.narrator, stage.desks[POSKO]
    narrator.did(POSKO, "stops flight KOE–SUB–PNK's group at 04:40, without a signal; the phone syncs at 05:20")
    body, key = _request(stage), new_id()
    seen = await posko.write("intake", "/v1/interdictions", body, Idempotency_Key=key)
    again = await posko.write("intake", "/v1/interdictions", body, Idempotency_Key=key)
    narrator.sees(
        POSKO, f"one stop, {seen['people_count']} people, recruiters: {seen['recruiters']}, origins {seen['origins']}"
    )
    stage.notes["stop"] = seen["ref"]
    stage.checks.equal("one stop, although the phone sent it twice", again["ref"], seen["ref"])
    stage.checks.equal("people in the stop", seen["people_count"], len(HOMES))
    stage.checks.equal("the posko sees how many recruiters", seen["recruiters"], 1)
    times = [moment_of(seen[name]) for name in ("occurred_at", "recorded_at")]
    expected = ["14 May 04:40 WITA", "14 May 05:20 WITA"]
    stage.checks.equal("it happened at 04:40 and was recorded at 05:20", times, expected)
    return f"/v1/interdictions/{seen['ref']}"


def _request(stage: Stage) -> dict[str, Any]:
    return {
        "ref": new_id(),
        "occurred_at": at(4, 40).isoformat(),
        "checkpoint": "KOE",
        "transport_no": "FLIGHT-1",
        "destination": "61.71",
        "transit": ["SUB", "PNK"],
        "members": ["NAKER", "TNI_AU"],
        "legal_basis": "PERMENAKER_18_2024",
        "company_claimed": stage.canaries.text("the company that R-001 names"),
        "people": [_told(person, stage) for person in stage.stopped.values()],
        "recruiters": [recruiter(stage.canaries)],
    }


def _told(person: Person, stage: Stage) -> dict[str, Any]:
    if person.label == "P-004":
        whispered = f"{stage.canaries.text('what P-004 whispers')} her KTP is with the man in the car"
        return person.body(indicators=["BRUISES", "PHONE_OR_KTP_HELD"], note=whispered)
    if person.label == "P-007":
        return person.body(age=19, age_basis="SELF", age_doubt=True)
    return person.body(documents=["KTP"], pretext="FAMILY_VISIT")


async def _who_sees_what(stage: Stage, path: str) -> None:
    narrator = stage.narrator
    for officer, home in TASK_FORCES.items():
        seen = await stage.desks[officer].read("intake", path)
        narrator.sees(officer, f"{seen['people_count']} of their own regency: {seen['origins']}")
        stage.checks.equal(f"{officer} sees their own people only", seen["origins"], {home: HOMES.count(home)})
    police = await stage.desks["O-60"].read("intake", path)
    narrator.sees(
        "O-60", f"{police['people_count']} people, since there are signs of a crime; none of them by reference"
    )
    stage.checks.equal("the police see nobody's row", police["people"], [])
    hidden = await stage.desks[BP3MI].ask("intake", "GET", path)
    narrator.refused(BP3MI, f"{hidden.status_code} {hidden.json()['code']}: a domestic journey is not theirs")
    stage.checks.equal("BP3MI does not find the stop", hidden.status_code, NOT_FOUND)


async def _guide_seven(stage: Stage) -> None:
    posko, states = stage.desks[POSKO], dict[str, str]()
    for label, person in stage.stopped.items():
        path = f"/v1/subjects/{person.ref}"
        states[label] = (await posko.read("intake", path))["state"]
        if label not in TO_SCREEN:
            training = "ACCEPTED" if label in {"P-001", "P-006"} else "REFUSED"
            moved = await posko.move("intake", path, "GUIDE", at(5, 15), list_given=True, training=training)
            states[label] = moved["state"]
    guided = [label for label, state in states.items() if state == "GUIDED"]
    stage.narrator.did(POSKO, f"guides {', '.join(guided)}: the list of legal companies, and the offer of training")
    stage.narrator.sees(
        POSKO, f"P-004 {states['P-004']} (bruises, KTP held), P-007 {states['P-007']} (says 19, looks younger)"
    )
    stage.checks.equal("seven guided", len(guided), 7)
    stage.checks.equal(
        "P-004 and P-007 are screened, nobody is a victim by looks", [states[p] for p in TO_SCREEN], ["SCREENING"] * 2
    )
    child = await stage.desks[UNIT].read("intake", f"/v1/subjects/{stage.stopped['P-007'].ref}")
    stage.narrator.sees(UNIT, f"P-007: age by {child['age_basis']}, doubted, treated as a child: {child['as_child']}")
    stage.checks.equal(
        "P-007 counts as a child until her age is settled", (child["age_doubt"], child["as_child"]), (True, True)
    )


def _text_to(mails: Any, address: str) -> str:
    return next((mail.get_content() for mail in mails if str(mail["To"]) == address), "")
