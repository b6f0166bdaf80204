"""V-040 comes home, and BP2MI's system tells of it twice, late, and once wrongly."""

import asyncio
import json
from typing import Any

from deploy.demo.clock import at
from deploy.demo.desk import until
from deploy.demo.stage import Stage

OFFICER = "O-40"
NUMBER = "KP-040/2026"
ENVELOPE = ("topic", "owner", "reason", "type", "size")


async def play(stage: Stage) -> None:
    """The case, the four messages, and what came of each."""
    stage.clock.turn_to(at(12))
    stage.narrator.chapter(at(12), "V-040 pulang", "V-040 comes home")
    case = await _case(stage)
    await _tell(stage, case["case_no"])
    await _outcome(stage, case["id"])
    await _quarantine(stage)


async def _case(stage: Stage) -> Any:
    desk, person, narrator = stage.desks[OFFICER], stage.returnee, stage.narrator
    body = person.body(host="53.71", source="BP3MI_DEBARKASI", abroad=True, occurred_at=at(9, 30).isoformat())
    await desk.write("intake", "/v1/subjects", body)
    path = f"/v1/subjects/{person.ref}"
    calm = {"occurred_at": at(9, 40).isoformat(), "private": True, "confirmed": False}
    screened = await desk.write("intake", f"{path}/screenings", calm)
    yes = {"given_by": "SELF", "language": "tetun", "choices": [{"purpose": "SHARE_DINSOS", "given": True}]}
    await desk.write("intake", f"{path}/consents", {"occurred_at": at(9, 45).isoformat(), **yes})
    await desk.move("intake", path, "HAND_OVER", at(9, 50))
    narrator.did(
        OFFICER, f"takes in V-040 ({screened['finding']}); she agrees to help by social affairs; a case begins"
    )
    draft = await desk.await_item("a case of V-040", "cases", "/v1/cases?state=DRAFT")
    taken = await desk.move("cases", f"/v1/cases/{draft['id']}", "TAKE")
    narrator.sees(OFFICER, f"{taken['case_no']}, {taken['state']['label']}")
    stage.checks.equal(
        "V-040's case is led by BP3MI and open", (taken["lead"]["code"], taken["state"]["code"]), ("BP3MI-53", "OPEN")
    )
    stage.notes["return_case"] = taken["id"]
    return taken


async def _tell(stage: Stage, case_no: str) -> None:
    bp2mi, did = stage.partners["bp2mi"], stage.narrator.did
    arrived: dict[str, Any] = {"foreign_no": NUMBER, "case_no": case_no, "checkpoint": "KOE"}
    did("BP2MI", "topic partner-bp2mi: BP3-777 return.arrived, at KOE, 10:00")
    await bp2mi.tell("return.arrived", "BP3-777", at(10), **arrived)
    did("BP2MI", "the same BP3-777 once more: the network was slow")
    await bp2mi.tell("return.arrived", "BP3-777", at(10), **arrived)
    did("BP2MI", "BP3-776 return.in_transit, of 06:00, only now")
    await bp2mi.tell("return.in_transit", "BP3-776", at(6), foreign_no=NUMBER, leg="SUB-KOE")
    did("BP2MI", "BP3-777 again, now with another airport in it")
    await bp2mi.tell("return.arrived", "BP3-777", at(10), **arrived | {"checkpoint": "MOF"})


async def _outcome(stage: Stage, case: str) -> None:
    async def two_facts() -> Any:
        files = (await stage.desks[OFFICER].read("cases", f"/v1/cases/{case}/files"))["items"]
        return files[0] if files and len(files[0]["facts"]) >= 2 else None

    file = await until("two facts in V-040's file", two_facts)
    facts = [(fact["event_id"], fact["moved"]) for fact in file["facts"]]
    told = ", ".join(f"{id_} {'moved it' if moved else 'filled its history'}" for id_, moved in facts)
    stage.narrator.sees(OFFICER, f"{file['foreign_no']}: {file['stage']['code']}; in the order of the world: {told}")
    stage.checks.equal(
        "each fact once, by when it happened; the late one moved nothing",
        facts,
        [("BP3-776", False), ("BP3-777", True)],
    )
    stage.checks.equal("the file did not go back", file["stage"]["code"], "ARRIVED_NTT")
    stage.checks.equal("the original stands", file["facts"][-1]["detail"], {"checkpoint": "KOE"})


async def _quarantine(stage: Stage) -> None:
    async def listed() -> list[dict[str, Any]]:
        command = ("quarantine", "list", "--service", "cases", "--json")
        return list(json.loads(await asyncio.to_thread(stage.platform.operate, *command)))

    rows = await until("something in quarantine", listed)
    stage.narrator.did("operator", "looks at what stands aside: the envelope, never the content")
    envelopes = [{name: row[name] for name in ENVELOPE} for row in rows]
    stage.narrator.rows("$ pulang quarantine list --service cases", envelopes)
    aside = [(row["owner"], row["reason"]) for row in rows]
    stage.checks.equal("the changed fact alone stands aside", aside, [("BP3MI", "CONFLICTING_DUPLICATE")])
