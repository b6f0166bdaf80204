"""A coordination case: a draft until somebody leads it and she has been asked."""

from typing import Any

from deploy.demo.clock import at
from deploy.demo.narration import moment_of
from deploy.demo.stage import Stage

MANAGER = "O-21"
AGREED = ("SHARE_LPSK", "LPSK_APPLICATION", "SHARE_POLICE", "POLICE_REPORT")
REFUSED = 422


async def play(stage: Stage) -> None:
    """Draft, lead, consents, referrals; and what is refused without a consent."""
    stage.clock.turn_to(at(9))
    stage.narrator.chapter(at(9), "Perkara koordinasi", "The coordination case")
    path = await _take(stage)
    await _consent(stage, path)
    await _refer(stage, path)


async def _take(stage: Stage) -> str:
    narrator, manager = stage.narrator, stage.desks[MANAGER]
    draft = await manager.await_item("a case of P-004", "cases", "/v1/cases?state=DRAFT")
    narrator.told(f"case {draft['case_no']} is a draft: {draft['inside']['proposed_lead']['label']} should lead")
    await stage.mails_sent("desk@uptd-ppa.example", "jaga@uptd-ppa.example")
    path = f"/v1/cases/{draft['id']}"
    taken = await manager.move("cases", path, "TAKE")
    narrator.did(MANAGER, f"takes the case; it is still {taken['state']['code']}, for she has not been asked yet")
    stage.notes |= {"case": draft["id"], "case_no": draft["case_no"]}
    stage.checks.equal("the case begins as a draft, and stays one until she is asked",
                       (draft["state"]["code"], taken["state"]["code"]), ("DRAFT", "DRAFT"))  # fmt: skip
    stage.checks.equal("the unit of the host city leads", taken["lead"]["code"], "UPTD_PPA-53.71")
    return path


async def _consent(stage: Stage, path: str) -> None:
    manager = stage.desks[MANAGER]
    for purpose in AGREED:
        told = {"told_how": "READ_ALOUD", "language": "dawan", "given_by": "SELF", "evidence": "THUMBPRINT"}
        await manager.write("cases", f"{path}/consents", {"purpose": purpose, "answer": "GIVEN", **told})
    seen = await manager.read("cases", path)
    stage.narrator.did(MANAGER, f"reads P-004 each question in Dawan; she agrees to {', '.join(AGREED)}")
    stage.narrator.sees(MANAGER, f"the case is {seen['state']['code']} ({seen['state']['label']})")
    stage.checks.equal("with lead and consent the case opens", seen["state"]["code"], "OPEN")
    subject = f"/v1/subjects/{stage.stopped['P-004'].ref}"
    who = await manager.await_shown("intake knows the manager", "intake", f"{subject}/identity")
    stage.checks.equal(
        "the manager may now read who she is", who["full_name"], stage.stopped["P-004"].said["full_name"]
    )


async def _refer(stage: Stage, path: str) -> None:
    manager, narrator = stage.desks[MANAGER], stage.narrator
    stage.notes["lpsk"] = await _send(stage, path, "LPSK-53", "LPSK_APPLICATION")
    stage.notes["police"] = await _send(stage, path, "POLRI-53", "POLICE_REPORT")
    body = {"agency": "DINSOS-53.21", "purpose": "REINTEGRATION"}
    refused = await manager.ask("cases", "POST", f"{path}/referrals", body)
    narrator.did(MANAGER, "tries to refer her to social affairs, about which she was not asked")
    narrator.refused(MANAGER, f"{refused.status_code} {refused.json()['code']}: {refused.json()['title']}")
    stage.checks.equal("nothing goes out without a consent", refused.status_code, REFUSED)
    mails = await stage.mails_sent("desk@lpsk.example", "desk@polri.example")
    text = next(mail.get_content() for mail in mails if str(mail["To"]) == "desk@lpsk.example")
    narrator.quote("to LPSK, whose desk reads English:", text)


async def _send(stage: Stage, path: str, agency: str, purpose: str) -> Any:
    body = {"agency": agency, "purpose": purpose}
    sent = await stage.desks[MANAGER].write("cases", f"{path}/referrals", body)
    due = moment_of(sent["clock"]["due_at"])
    stage.narrator.did(MANAGER, f"refers her to {agency}: {sent['purpose']['label']}; an answer is due by {due}")
    return sent
