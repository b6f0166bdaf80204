"""A private room: only a talk that confirms makes a presumed victim, and one is handed over."""

from datetime import datetime
from typing import Any

from deploy.demo.clock import at
from deploy.demo.stage import Stage

POSKO, UNIT = "O-01", "O-20"
NOTICED = ["RECRUIT", "TRANSPORT", "FORCE", "ABUSE_VULN", "WITHHOLDS_DOCUMENTS", "LABOUR_EXPLOIT"]


async def play(stage: Stage) -> None:
    """Three rounds with P-004, one with P-007, and the hand-over."""
    narrator, path = stage.narrator, f"/v1/subjects/{stage.stopped['P-004'].ref}"
    narrator.chapter(at(6, 30), "Wawancara tertutup", "The private interview")
    stage.clock.turn_to(at(6, 30))
    danger = ["INJURY", "RECRUITER_NEARBY"]
    first = await _round(stage, POSKO, path, at(6, 10), danger, alone=False)
    narrator.did(POSKO, "asks P-004 at the counter, where others listen")
    narrator.sees(POSKO, f"finding {first['finding']}: looks alone make nobody a victim")
    second = await _round(stage, UNIT, path, at(6, 30), danger, alone=True)
    narrator.did(UNIT, "talks to P-004 alone; she confirms that bruises and the held KTP come from R-001")
    narrator.sees(UNIT, f"finding {second['finding']}, risk {second['risk']} ({second['labels']['risk']})")
    stage.clock.turn_to(at(8, 15))
    third = await _round(stage, UNIT, path, at(8, 10), ["SUSPECT_KNOWS_ADDRESS"], alone=True)
    narrator.did(UNIT, "asks again when R-001 has gone and a nurse has seen her")
    narrator.sees(UNIT, f"finding {third['finding']}, risk {third['risk']}; round {third['round']}, earlier ones stay")
    stage.checks.equal("what three rounds come to", [first["finding"], second["finding"], third["finding"]],
                       ["UNDETERMINED", "PRESUMED_VICTIM", "PRESUMED_VICTIM"])  # fmt: skip
    stage.checks.equal("from emergency to high risk", [second["risk"], third["risk"]], ["R1_DARURAT", "R2_TINGGI"])
    await _identity(stage, path)
    await _hand_over(stage, path)


async def _round(stage: Stage, officer: str, path: str, moment: datetime, facts: list[str], *, alone: bool) -> Any:
    body = {
        "occurred_at": moment.isoformat(),
        "private": alone,
        "confirmed": alone,
        "indicators": NOTICED,
        "facts": facts,
        "language": "dawan",
        "note": f"{stage.canaries.text('what P-004 tells')} in her own words",
    }
    return await stage.desks[officer].write("intake", f"{path}/screenings", body)


async def _identity(stage: Stage, path: str) -> None:
    shown = await stage.desks[UNIT].read("intake", f"{path}/identity")
    stage.narrator.sees(UNIT, "who P-004 is, out of the vault")
    stage.checks.equal("the vault gives P-004's name back to who works with her",
                       shown["full_name"], stage.stopped["P-004"].said["full_name"])  # fmt: skip


async def _hand_over(stage: Stage, path: str) -> None:
    moved = await stage.desks[UNIT].move("intake", path, "HAND_OVER", at(8, 12))
    stage.narrator.did(UNIT, f"hands P-004 over: {moved['state']}")
    stage.checks.equal("P-004 is handed over", moved["state"], "HANDED_TO_CASE")
