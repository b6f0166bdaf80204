"""What the manager reads back: everything that happened in the case, with who did it where that is theirs to know."""

from datetime import datetime
from typing import Any

from deploy.demo.stage import Stage
from shared.kernel.clock import WITA

MANAGER = "O-21"
STEPS = {"CASE_DRAFTED": 1, "REFERRAL_SENT": 2, "REFERRAL_ACCEPTED": 2, "FACT_TOLD": 4}


async def play(stage: Stage) -> None:
    """The case's timeline, in the order in which things happened in the world."""
    lines = (await stage.desks[MANAGER].read("cases", f"/v1/cases/{stage.notes['case']}/timeline"))["items"]
    stage.narrator.rows("Lini masa perkara · The case's timeline", [_row(line) for line in lines])
    told = [line["what"]["code"] for line in lines]
    moments = [datetime.fromisoformat(line["occurred_at"]) for line in lines]
    stage.checks.true("the timeline is in the order of the world", lines and moments == sorted(moments))
    stage.checks.equal(
        "the timeline has each step of the story", [told.count(code) for code in STEPS], [*STEPS.values()]
    )


def _row(line: dict[str, Any]) -> dict[str, str]:
    happened = datetime.fromisoformat(line["occurred_at"]).astimezone(WITA)
    return {
        "WITA": f"{happened:%d %b %H:%M}",
        "what": line["what"]["label"],
        "office": line["agency"] or "",
        "person": line["person"] or "",
    }
