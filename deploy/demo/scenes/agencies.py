"""The agencies answer: on their screens, and from their own systems."""

from typing import Any

from deploy.demo.clock import at
from deploy.demo.desk import until
from deploy.demo.stage import Stage

MANAGER, LPSK, POLICE, BP3MI = "O-21", "O-51", "O-60", "O-40"
PROTECTION, REPORT = "PP-004/2026", "LP/A/014/V/2026"
NOT_FOUND = 404


async def play(stage: Stage) -> None:
    """Thin case, acceptances, facts from the agencies' systems, and each one's file."""
    stage.clock.turn_to(at(11))
    stage.narrator.chapter(at(11), "Jawaban lembaga", "The agencies answer")
    await _accept(stage)
    await _facts(stage)
    await _files(stage)
    await _thin(stage)
    await stage.mails_sent("desk@uptd-ppa.example")


async def _accept(stage: Stage) -> None:
    narrator, case = stage.narrator, f"/v1/cases/{stage.notes['case']}"
    for officer in (LPSK, POLICE):
        seen = await stage.desks[officer].read("cases", case)
        narrator.sees(
            officer, f"{seen['case_no']}, {seen['state']['label']}, led by {seen['lead']['code']}: no more than that"
        )
        stage.checks.equal(f"{officer} sees the thin case", seen["inside"], None)
    hidden = await stage.desks[BP3MI].ask("cases", "GET", case)
    narrator.refused(BP3MI, f"{hidden.status_code} {hidden.json()['code']}: nobody asked them in")
    stage.checks.equal("an agency that was not asked finds no case", hidden.status_code, NOT_FOUND)
    await _answer(stage, LPSK, stage.notes["lpsk"], foreign_no=PROTECTION)
    await _answer(stage, POLICE, stage.notes["police"])
    opened = await stage.desks[MANAGER].read("cases", case)
    narrator.sees(MANAGER, f"the case is {opened['state']['code']}")
    stage.checks.equal("with the first acceptance the case is active", opened["state"]["code"], "ACTIVE")


async def _answer(stage: Stage, officer: str, referral: dict[str, Any], **data: str) -> None:
    answered = await stage.desks[officer].move("cases", f"/v1/referrals/{referral['id']}", "ACCEPT", None, **data)
    stage.narrator.did(officer, f"accepts the referral{' under ' + data['foreign_no'] if data else ''}")
    stage.checks.equal(f"{officer}'s answer came in time", answered["clock"]["status"], "MET")


async def _facts(stage: Stage) -> None:
    case_no, lpsk, police = stage.notes["case_no"], stage.partners["lpsk"], stage.partners["police"]
    stage.narrator.did("police", f"topic partner-police: report.registered, then investigation.started ({REPORT})")
    await police.tell("report.registered", "POL-1", at(10, 30), foreign_no=REPORT, case_no=case_no, model="A")
    await police.tell("investigation.started", "POL-2", at(10, 50), foreign_no=REPORT, warrant_no="SP.Sidik/14/V/2026")
    stage.narrator.did("LPSK", f"topic partner-lpsk: protection.submitted, then protection.decided ({PROTECTION})")
    await lpsk.tell("protection.submitted", "LPSK-1", at(10, 40), foreign_no=PROTECTION, applicant="VICTIM")
    await lpsk.tell(
        "protection.decided", "LPSK-2", at(10, 55), foreign_no=PROTECTION, accepted=True, decision_no="D-4/2026"
    )


async def _files(stage: Stage) -> None:
    path, stages = (
        f"/v1/cases/{stage.notes['case']}/files",
        {"LPSK-53": "DECIDED_ACCEPTED", "POLRI-53": "INVESTIGATION"},
    )

    async def both() -> dict[str, Any] | None:
        files = {file["agency"]["code"]: file for file in (await stage.desks[MANAGER].read("cases", path))["items"]}
        reached = {office: (file["stage"] or {}).get("code") for office, file in files.items()}
        return files if reached == stages else None

    files = await until("both agencies' files are where their facts say", both)
    for office, file in files.items():
        stage.narrator.sees(
            MANAGER, f"{office}: {file['stage']['code']} ({file['stage']['label']}), {len(file['facts'])} facts"
        )
    details = [fact["detail"] for file in files.values() for fact in file["facts"]]
    stage.checks.equal("the manager sees stages, and not what the facts say", set(map(str, details)), {"None"})
    own = await stage.desks[LPSK].read("cases", path)
    stage.narrator.sees(LPSK, f"its own file alone, with what its facts say: {own['items'][0]['facts'][-1]['detail']}")
    stage.checks.equal("LPSK sees its own file alone", [file["agency"]["code"] for file in own["items"]], ["LPSK-53"])


async def _thin(stage: Stage) -> None:
    async def enough() -> dict[str, list[dict[str, Any]]] | None:
        found = {name: await stage.partners[name].pointers() for name in ("lpsk", "police")}
        return found if all(len(pointers) >= 2 for pointers in found.values()) else None

    found = await until("pointers on the agencies' topics", enough)
    pointer = found["lpsk"][0]
    stage.narrator.told(f"topic agency-lpsk says no more than {pointer['data']}")
    said = {name for pointers in found.values() for each in pointers for name in (*each, *each["data"])}
    stage.checks.equal("what leaves for an agency has neither person nor trace",
                       sorted(said & {"subject_ref", "correlationid", "causationid", "traceparent"}), [])  # fmt: skip
