"""A referral that nobody answers: a day later both sides are told, and nothing else changes."""

from collections.abc import Mapping
from typing import Any

from deploy.demo.clock import at
from deploy.demo.desk import until
from deploy.demo.narration import moment_of
from deploy.demo.stage import Stage

SENDER, RECEIVER = "O-40", "O-70"


async def play(stage: Stage) -> None:
    """The referral, a day without an answer, the notices."""
    narrator, desk = stage.narrator, stage.desks[SENDER]
    stage.clock.turn_to(at(13))
    narrator.chapter(at(13), "Rujukan tanpa jawaban", "A referral without an answer")
    body = {"agency": "DINSOS-53.21", "purpose": "REINTEGRATION"}
    sent = await desk.write("cases", f"/v1/cases/{stage.notes['return_case']}/referrals", body)
    due = moment_of(sent["clock"]["due_at"])
    narrator.did(SENDER, f"refers V-040 to social affairs in Malaka; an answer is due by {due}")
    await stage.mails_sent("desk@dinsos-malaka.example")
    stage.clock.turn_to(at(13, 5, day=15))
    narrator.told("24 hours pass (the platform's clock is turned)")
    path = f"/v1/referrals/{sent['id']}"

    async def breached() -> Any:
        seen = await desk.read("cases", path)
        return seen if seen["clock"]["status"] == "BREACHED" else None

    seen = await until("the deadline's breach", breached)
    narrator.sees(SENDER, f"the clock is {seen['clock']['status']}; the referral still {seen['state']['code']}")
    stage.checks.equal("a breach is a fact and changes no state", seen["state"]["code"], "PENDING")
    await stage.mails_sent("desk@dinsos-malaka.example", "desk@bp3mi.example")
    await _inboxes(stage)


async def _inboxes(stage: Stage) -> None:
    inboxes = {person: await stage.desks[person].inbox() for person in (RECEIVER, SENDER, "O-21", "O-51", "O-04")}
    for person, notices in inboxes.items():
        stage.narrator.inbox(person, notices)
    stage.checks.true("who owes the answer is told that it is late", _says(inboxes[RECEIVER], "tenggat lewat"))
    stage.checks.true("who waits for it is told as well", _says(inboxes[SENDER], "jawaban terlambat"))
    stage.checks.true("LPSK's inbox knows of no deadline of others", not _says(inboxes["O-51"], "tenggat"))


def _says(notices: list[dict[str, Any]], words: str) -> bool:
    found: list[Mapping[str, Any]] = [notice for notice in notices if words in notice["subject"]]
    return bool(found)
