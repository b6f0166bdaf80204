"""One case under several pairs of eyes: what each office sees of it, and that a curious neighbour sees nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from deploy.demo.clock import at
from deploy.demo.stage import Stage
from shared.kernel.ids import new_id

MANAGER, RECEIVERS, NEIGHBOURS = "O-21", ("O-51", "O-60"), ("O-40", "O-04")
READERS = (MANAGER, *RECEIVERS, *NEIGHBOURS)
TITLES = {
    "O-21": "O-21 leads it",
    "O-51": "O-51 LPSK",
    "O-60": "O-60 police",
    "O-40": "O-40 BP3MI, not asked",
    "O-04": "O-04 task force",
}
MASKED, NOT_FOUND = "▒▒▒", 404
OWN = ("date", "x-correlation-id", "traceparent", "x-request-id")
"""Headers that are each request's own."""

Row = Mapping[str, str]


async def play(stage: Stage) -> None:
    """The same case and the same person, read by five people; and what a guess at a reference tells."""
    stage.clock.turn_to(at(11, 30))
    stage.narrator.chapter(at(11, 30), "Siapa melihat apa", "Who sees what")
    answers = dict(zip(READERS, await asyncio.gather(*(_ask(stage, who) for who in READERS)), strict=True))
    rows = [
        _row("perkara · case", answers, "case", "/case_no"),
        _row("keadaan · state", answers, "case", "/state/label"),
        _row("dipimpin · led by", answers, "case", "/lead/code"),
        _row("manajer · manager", answers, "case", "/inside/manager"),
        _row("risiko · risk", answers, "case", "/inside/risk/code"),
        _row("asal · home", answers, "case", "/inside/persons/0/kabupaten"),
        _row("nama · name", answers, "identity", "/full_name"),
        _row("NIK", answers, "identity", "/nik"),
    ]
    stage.narrator.rows(
        f"Perkara P-004 · P-004's case ({MASKED} disamarkan · masked, {NOT_FOUND} tidak ada · none such)", rows
    )
    _check_masks(stage, answers)
    await _guess(stage)


async def _ask(stage: Stage, who: str) -> dict[str, httpx.Response]:
    desk, person = stage.desks[who], stage.stopped["P-004"].ref
    return {
        "case": await desk.ask("cases", "GET", f"/v1/cases/{stage.notes['case']}"),
        "identity": await desk.ask("intake", "GET", f"/v1/subjects/{person}/identity"),
    }


def _row(title: str, answers: Mapping[str, Mapping[str, httpx.Response]], of: str, pointer: str) -> Row:
    return {"": title} | {TITLES[who]: _shown(answer[of], pointer) for who, answer in answers.items()}


def _shown(answer: httpx.Response, pointer: str) -> str:
    """What stands at this place of an answer, as the table says it."""
    if not answer.is_success:
        return str(answer.status_code)
    body = answer.json()
    if any(pointer.startswith(masked) for masked in body["masked"]):
        return MASKED
    for name in pointer.strip("/").split("/"):
        body = body[int(name) if name.isdigit() else name]
    return _short(str(body))


def _short(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:13]}…"


def _check_masks(stage: Stage, answers: Mapping[str, Mapping[str, httpx.Response]]) -> None:
    checks, person = stage.checks, stage.stopped["P-004"]
    case = {who: answer["case"] for who, answer in answers.items()}
    names = {who: answer["identity"] for who, answer in answers.items()}
    checks.equal("the manager sees the whole case", case[MANAGER].json()["masked"], [])
    checks.equal("only the manager of these five may know her name",
                 [who for who, answer in names.items() if answer.is_success], [MANAGER])  # fmt: skip
    for who in RECEIVERS:
        body = case[who].json()
        checks.equal(f"{who} sees nothing of what is inside", (body["inside"], body["masked"]), (None, ["/inside"]))
    for who in NEIGHBOURS:
        text = case[who].text + names[who].text
        checks.equal(f"{who}, whom nobody asked in, finds nothing", (case[who].status_code, names[who].status_code),
                     (NOT_FOUND, NOT_FOUND))  # fmt: skip
        said = [value for value in (stage.notes["case_no"], person.said["full_name"]) if value in text]
        checks.equal(f"what {who} is answered says nothing of her", said, [])


async def _guess(stage: Stage) -> None:
    """A neighbour who has got hold of the reference learns as little as one who makes one up."""
    case, case_no = stage.notes["case"], stage.notes["case_no"]
    desk = stage.desks[NEIGHBOURS[0]]
    known = await desk.ask("cases", "GET", f"/v1/cases/{case}")
    made_up = await desk.ask("cases", "GET", f"/v1/cases/{new_id()}")
    searched = await desk.read("cases", f"/v1/cases?case_no={case_no}")
    stage.narrator.did(NEIGHBOURS[0], "tries the case's reference, a made-up one, and a search by its number")
    found = f"{known.status_code}, {made_up.status_code}, {len(searched['items'])} found"
    stage.narrator.refused(NEIGHBOURS[0], f"{found}: what is hidden answers like what does not exist")
    stage.checks.equal("hidden and absent answer alike", _comparable(known), _comparable(made_up))
    stage.checks.equal("a search by its number finds nothing", searched["items"], [])
    told: Sequence[dict[str, Any]] = await desk.inbox()
    stage.checks.equal("the neighbour's inbox never heard of it",
                       [notice["subject"] for notice in told if case_no in notice["subject"]], [])  # fmt: skip


def _comparable(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name not in OWN}
    return answer.status_code, answer.json() | {"correlation_id": ""}, headers
