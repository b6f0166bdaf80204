"""Who saw this case? And what becomes of an entry that somebody changes."""

import asyncio
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deploy.demo.clock import at
from deploy.demo.stage import Stage
from deploy.tools import verify_audit

OFFICER, CURIOUS, STRANGER = "O-80", "O-40", "O-49"
SAW_CASE = {"O-21", "O-51", "O-60"}
"""To whom the case was shown."""
TRIED = {"O-40", "O-04"}
SAW_NAME = {"O-20", "O-21"}


async def play(stage: Stage) -> None:
    """The officer's questions, the verification, and one byte."""
    stage.clock.turn_to(at(14, day=15))
    stage.narrator.chapter(at(14, day=15), "Jejak audit", "The audit trail")
    copy = stage.platform.plan.folder / "cases-audit.jsonl"
    copy.unlink(missing_ok=True)
    case, person = stage.notes["case"], stage.stopped["P-004"].ref
    seen, named, verified, _ = await asyncio.gather(
        _pulang(stage, "who-saw", case, "--service", "cases", "--by", OFFICER, "--json"),
        _pulang(stage, "who-saw", person, "--service", "intake", "--by", OFFICER, "--json"),
        _pulang(stage, "verify", "--json"),
        _pulang(stage, "export", str(copy), "--service", "cases", "--by", OFFICER),
    )
    _who_saw(stage, json.loads(seen), json.loads(named))
    _verified(stage, json.loads(verified))
    await _one_byte(stage, copy)


async def _pulang(stage: Stage, *arguments: str) -> str:
    return await asyncio.to_thread(stage.platform.operate, "audit", *arguments)


def _who_saw(stage: Stage, case: list[dict[str, Any]], person: list[dict[str, Any]]) -> None:
    stage.narrator.did(OFFICER, "asks who saw P-004's case, and who tried to")
    stage.narrator.rows("$ pulang audit who-saw CASE --by O-80 --service cases", _by_person(case))
    checks = stage.checks
    checks.equal("the audit names everybody to whom the case was shown", _people(case, "OK"), SAW_CASE)
    checks.equal("and whoever tried", _people(case, "NOT_FOUND"), TRIED)
    names = [row for row in person if row["action"] == "IDENTITY_READ"]
    checks.equal("the audit names everybody to whom her name was shown", _people(names, "OK"), SAW_NAME)


def _by_person(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A row for each member: what they did with the case, and what was refused to them."""
    did: defaultdict[tuple[str, str], tuple[Counter[str], Counter[str]]] = defaultdict(lambda: (Counter(), Counter()))
    for entry in entries:
        who = did[entry["actor"]["person"], entry["actor"]["agency"]]
        who[entry["outcome"] != "OK"][entry["action"]] += 1
    return [
        {
            "petugas · person": person,
            "lembaga · office": office,
            "melihat, mengubah · saw, changed": _counted(done),
            "ditolak · refused": _counted(refused),
        }
        for (person, office), (done, refused) in did.items()
    ]


def _counted(actions: Counter[str]) -> str:
    return ", ".join(f"{action}{f' ×{times}' if times > 1 else ''}" for action, times in actions.items())


def _people(rows: Iterable[Mapping[str, Any]], outcome: str) -> set[str]:
    return {row["actor"]["person"] for row in rows if row["outcome"] == outcome and row["channel"] == "http"}


def _verified(stage: Stage, reports: list[dict[str, Any]]) -> None:
    stage.narrator.did(OFFICER, "has each service's audit verified: numbers, links, signatures, copies elsewhere")
    told = ("service", "entries", "sealed_through", "checkpoints", "faults")
    rows = [{name: each[name] for name in told} | {"faults": len(each["faults"])} for each in reports]
    stage.narrator.rows("$ pulang audit verify", rows)
    stage.checks.equal("every service's audit is as it was written",
                       {each["service"]: each["faults"] for each in reports},
                       {"intake": [], "cases": [], "notify": []})  # fmt: skip
    stage.checks.true("each audit has entries and signed checkpoints, copied elsewhere",
                      all(each["entries"] and each["copies"] for each in reports))  # fmt: skip


async def _one_byte(stage: Stage, copy: Path) -> None:
    """In an exported copy, so that the database's own stays right: somebody else is to have been curious."""
    whole = await _verify_alone(stage, copy)
    number, forged = _forge(copy, stage.notes["case"])
    found = await _verify_alone(stage, forged)
    stage.narrator.did("somebody", f"changes one byte of a copy: in entry {number}, {CURIOUS} becomes {STRANGER}")
    stage.narrator.quote("$ python deploy/tools/verify_audit.py COPY --checkpoints …", found.stdout)
    changed = [a != b for a, b in zip(copy.read_bytes(), forged.read_bytes(), strict=True)]
    stage.checks.equal("no more than one byte is changed", sum(changed), 1)
    stage.checks.equal("the copy is verified by a script that needs nothing of ours", whole.returncode, 0)
    stage.checks.equal("one changed byte is found", found.returncode, 1)
    stage.checks.true("and the entry is named", f"first bad entry {number}," in found.stdout)


def _forge(copy: Path, case: str) -> tuple[int, Path]:
    """The number of the changed entry, and the changed copy."""
    lines = copy.read_text("utf-8").splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if _is_the_curious_look(json.loads(line), case))
    number = int(json.loads(lines[place])["entry"]["chain"]["seq"])
    lines[place] = lines[place].replace(f'"person":"{CURIOUS}"', f'"person":"{STRANGER}"')
    forged = copy.with_name("cases-audit-forged.jsonl")
    forged.write_text("".join(lines), "utf-8")
    return number, forged


def _is_the_curious_look(line: Mapping[str, Any], case: str) -> bool:
    entry = line.get("entry", {})
    return (entry.get("target_ref"), (entry.get("actor") or {}).get("person")) == (case, CURIOUS)


async def _verify_alone(stage: Stage, copy: Path) -> subprocess.CompletedProcess[str]:
    """As a stranger would: the script, isolated from everything of this repository."""
    copies = str(stage.platform.plan.audit)
    command = [sys.executable, "-I", str(verify_audit.__file__), str(copy), "--checkpoints", copies]
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
