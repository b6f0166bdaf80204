"""`pulang audit` on a service that runs: numbered within a second, sealed and copied, asked by whom it may be asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import build_app
from deploy.errors import OperatorError
from deploy.tools.verify_audit import main as verify_alone
from services.cases.app import service
from services.cases.settings import Settings
from shared.events.incoming import Partition
from shared.kernel.clock import system_clock
from shared.service.definition import Role
from shared.service.roles import Process
from tests.support.addresses import Addresses
from tests.support.cases import STAFF, Cases
from tests.support.platform import local, serving, sign_in, until
from tests.unit.cases.builders import handed

pytestmark = pytest.mark.integration

MORE = """\
  - {person: O-90, agency: GT_PROV-53, roles: [DPO], valid_from: 2026-01-01T00:00:00+08:00}
"""


NOTHING_HERE = "01980000-0000-7000-8000-00000000beef"


@pytest.fixture
async def cases(stack: Addresses, unique: str, tmp_path: Path, monkeypatch: Any) -> AsyncIterator[Cases]:
    """Cases with its sequencer running, and the operator's environment set to it."""
    async with sign_in() as signing:
        settings = local(Settings, stack, unique, signing.url, audit_folder=tmp_path / "copies")
        for name in ("local", "mongo_uri", "mongo_database", "audit_folder"):
            monkeypatch.setenv(f"PULANG_CASES_{name.upper()}", str(getattr(settings, name)))
        async with serving(service(settings), settings, Role.API) as running:
            cases = Cases(running.runtime, running.http, signing)
            await cases.hire(STAFF + MORE)
            yield cases


async def pulang(*arguments: str, exit_code: int = 0) -> str:
    """What the operator's command prints."""

    def run() -> Any:
        return CliRunner().invoke(build_app(), ["audit", *arguments], catch_exceptions=False)

    result = await asyncio.to_thread(run)
    assert result.exit_code == exit_code, result.output
    return str(result.stdout)


async def settled(cases: Cases) -> None:
    """Let the service's sequencer run until everything is numbered, and end in order."""
    from shared.service.auditing import sequencer

    stop = asyncio.Event()
    task = asyncio.create_task(sequencer(cases.runtime).run(stop))

    async def numbered() -> bool:
        return not await cases.rows("audit", {"chain": None})

    await until(numbered, timeout_s=2.0)
    stop.set()
    await task


async def test_a_running_audit_is_verified_and_one_changed_byte_is_named(cases: Cases, tmp_path: Path) -> None:
    await cases.read("O-20", "/v1/cases")
    await settled(cases)
    [report] = json.loads(await pulang("verify", "--service", "cases", "--json"))
    assert (report["faults"], report["entries"]) == ([], len(await cases.rows("audit")))
    assert report["sealed_through"] == report["entries"], "what is numbered is sealed when the process ends in order"
    assert report["copies"] == report["checkpoints"] > 0
    await cases.runtime.mongo.collection("audit").update_one({"chain.seq": 3}, {"$set": {"outcome": "OJ"}})
    assert "BAD: ENTRY_CHANGED, first bad entry 3" in await pulang("verify", "--service", "cases", exit_code=1)
    export = tmp_path / "cases.jsonl"
    await pulang("export", str(export), "--service", "cases", "--by", "O-90")
    assert verify_alone([str(export), "--checkpoints", str(tmp_path / "copies")]) == 1


async def test_an_export_is_verified_by_the_script_alone(cases: Cases, tmp_path: Path) -> None:
    await settled(cases)
    export, copies = tmp_path / "cases.jsonl", tmp_path / "copies"
    await pulang("export", str(export), "--service", "cases", "--by", "O-90")
    await settled(cases)  # the export's own entry; later copies than the export are no fault of it
    assert verify_alone([str(export), "--checkpoints", str(copies)]) == 0
    [copy] = copies.iterdir()
    with copy.open("ab") as file:
        file.write(b'{"torn": ')
    await cases.read("O-20", "/v1/cases")
    await settled(cases)
    [report] = json.loads(await pulang("verify", "--service", "cases", "--json"))
    assert (report["faults"], report["copies"]) == ([], report["checkpoints"])
    export.write_bytes(b"\n".join(export.read_bytes().splitlines()[:-1]))
    assert verify_alone([str(export)]) == 1, "an export without its end is not whole"


async def test_who_saw_and_what_did_answer_those_who_may_ask_and_are_audited_themselves(cases: Cases) -> None:
    await cases.call("O-51", "GET", f"/v1/cases/{NOTHING_HERE}")
    asked = ["who-saw", NOTHING_HERE, "--service", "cases", "--json", "--by"]
    [seen] = [row for row in json.loads(await pulang(*asked, "O-90")) if row["action"] == "CASE_READ"]
    assert (seen["actor"]["person"], seen["outcome"], seen["decision"]) == ("O-51", "NOT_FOUND", "DENY")
    did = json.loads(await pulang("what-did", "O-51", "--service", "cases", "--json", "--by", "O-90"))
    assert [row["action"] for row in did] == ["CASE_READ"]
    for refused in ("O-20", "O-99"):
        with pytest.raises(OperatorError, match="is not known as AUDITOR or DPO"):
            await pulang(*asked, refused)
    questions = await cases.rows("audit", {"channel": "operator", "action": {"$regex": "^AUDIT"}})
    told = [
        (row["action"], row["target_ref"], row["decision"], (row["actor"] or {}).get("person")) for row in questions
    ]
    assert told == [
        ("AUDIT_WHO_SAW", NOTHING_HERE, "PERMIT", "O-90"),
        ("AUDIT_WHAT_DID", "O-51", "PERMIT", "O-90"),
        ("AUDIT_WHO_SAW", NOTHING_HERE, "DENY", "O-20"),
        ("AUDIT_WHO_SAW", NOTHING_HERE, "DENY", None),
    ]
    none = ["what-did", "O-51", "--service", "cases", "--by", "O-90", "--to", "2026-01-01"]
    assert "Nobody, as far as the audit goes back." in await pulang(*none)


async def number_of(cases: Cases, subject: str) -> str:
    """The number of the case that a hand-over of somebody makes."""
    body = handed(subject_ref=subject, occurred_at=system_clock())
    await cases.feed("intake-events", body, key=subject)
    [case] = await cases.rows("cases", {"persons.subject_ref": subject})
    return str(case["case_no"])


async def everything(cases: Cases) -> dict[str, list[dict[str, Any]]]:
    """A back-up of the service's database."""
    return {name: await cases.rows(name) for name in await names(cases)}


async def names(cases: Cases) -> list[str]:
    """Its collections."""
    mongo = cases.runtime.mongo
    return list(await mongo.client[mongo.database].list_collection_names())


async def put_back(cases: Cases, kept: dict[str, list[dict[str, Any]]]) -> None:
    """Restore it, and go on from the position that it has."""
    for name in await names(cases):
        collection = cases.runtime.mongo.collection(name)
        await collection.delete_many({})
        if kept.get(name):
            await collection.insert_many(kept[name])
    place = Partition("intake-events", 0)
    cases.fed[place.topic] = (await cases.runtime.lane.positions([place]))[place] - 1


async def test_after_a_restore_nothing_starts_until_it_is_recorded_and_no_number_is_given_twice(cases: Cases) -> None:
    before = {await number_of(cases, f"P-{n}") for n in range(5)}
    await settled(cases)
    kept = await everything(cases)
    lost = {await number_of(cases, f"P-{n}") for n in range(5, 25)}
    await settled(cases)
    await put_back(cases, kept)

    assert await Process(cases.runtime, Role.CLOCK).run() == 1, "a clock on a database that lost what was sealed"
    recorded = ("record-restore", "--service", "cases", "--json", "--by")
    with pytest.raises(OperatorError, match="O-20 is not known as AUDITOR or DPO"):
        await pulang(*recorded, "O-20", "--yes")
    with pytest.raises(OperatorError, match="Nothing was done"):
        await pulang(*recorded, "O-90")
    done = json.loads(await pulang(*recorded, "O-90", "--yes"))
    assert (done["lost"] >= 20, done["blocks_skipped"] > 32) == (True, True)

    again = {await number_of(cases, f"Q-{n}") for n in range(60)}
    assert (len(again), again & (before | lost)) == (60, set())
    await settled(cases)
    said = await pulang("verify", "--service", "cases")
    assert f"went on after entry {done['back_to']}, {done['lost']} sealed entries after it were lost" in said
    actions = [row["action"] for row in await cases.rows("audit", {"channel": "operator"})]
    assert {"RESTORE_RECORDED", "NUMBERS_SKIPPED"} <= set(actions)
