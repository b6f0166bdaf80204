"""The end of somebody's identity, on real servers: every replica, every index, every back-up."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient

from services.intake import erasing, retaining, views
from services.intake.domain.retention import RetentionRun
from services.intake.domain.vault import Vault
from services.intake.ledger import ErasureLedger
from services.intake.reindexing import reindex
from shared.kernel.clock import system_clock
from shared.mongo.fieldcrypto import FieldCrypto, KeyMissing, WrongMasterKey
from shared.mongo.keyvault import key_database_of
from tests.support.addresses import Addresses
from tests.support.audit import SIGNER, Audit
from tests.support.intake import CHIEF, DPO, POSKO, UPTD, Intake, readable, running_intake

pytestmark = pytest.mark.integration

CACHE_S = 0.6
NAME, NIK, PHONE = "Kenari Terhapus", "5302994107905566", "081299005566"
OTHER_NIK = "5302994107905577"
CANARIES = (NAME, NIK, PHONE[1:])


def master() -> str:
    """A random master key."""
    return base64.b64encode(os.urandom(96)).decode()


def somebody(**identity: Any) -> dict[str, Any]:
    """A returnee."""
    body = {"occurred_at": system_clock().isoformat(), "source": "BP3MI_DEBARKASI", "host": "53.71", "abroad": True}
    return body | {"sex": "F", "identity": identity}


async def erase(intake: Intake, ref: str, by: str = UPTD, chief: str = CHIEF) -> dict[str, Any]:
    """The person asks, the office grants, the clock process does it."""
    asked = {"right": "ERASURE", "occurred_at": system_clock().isoformat()}
    request = await intake.post(by, f"/v1/subjects/{ref}/requests", asked)
    grant = {"move": "GRANT", "occurred_at": system_clock().isoformat()}
    done: dict[str, Any] = await intake.move(chief, f"/v1/requests/{request['ref']}", grant)
    await erasing.carry_out(intake.running.runtime)
    return done


@dataclass(frozen=True)
class BackUp:
    """What a nightly copy of both databases holds."""

    data: dict[str, list[RawBSONDocument]]
    keys: list[RawBSONDocument]


async def back_up(uri: str, intake: Intake) -> BackUp:
    """Copy them."""
    async with AsyncMongoClient[RawBSONDocument](uri, document_class=RawBSONDocument) as client:
        data = client[intake.settings.mongo_database]
        names = ("subjects", "vault", "rights_requests")
        return BackUp(
            {name: await data[name].find().to_list(None) for name in names},
            await client[key_database_of(intake.settings)]["keys"].find().to_list(None),
        )


async def put_back(uri: str, copy: BackUp, database: str) -> None:
    """Restore them under another name."""
    async with AsyncMongoClient[RawBSONDocument](uri, document_class=RawBSONDocument) as client:
        for name, documents in copy.data.items():
            if documents:
                await client[database][name].insert_many(documents)
        await client[f"{database}_keys"]["keys"].insert_many(copy.keys)


async def test_after_the_cache_time_nobody_can_know_who_it_was(stack: Addresses, unique: str, tmp_path: Path) -> None:
    old, new, ledger = master(), master(), ErasureLedger(tmp_path / "ledger")
    given = {"erasure_ledger": ledger.path, "key_cache_s": CACHE_S}
    async with running_intake(stack, unique, master_key=f"a:{old}", **given) as intake:
        runtime = intake.running.runtime
        gone, stays = [
            (await intake.post(UPTD, "/v1/subjects", somebody(full_name=name, nik=nik, phones=phones)))["ref"]
            for name, nik, phones in ((NAME, NIK, [PHONE]), ("Lain", OTHER_NIK, []))
        ]
        audit = Audit(runtime.mongo, "intake")
        await audit.seal()
        copy = await back_up(stack.mongo_uri, intake)
        vaults = {row["_id"]: row["sealed"]["c3"] for row in await intake.rows("vault")}
        async with FieldCrypto.open(intake.settings, runtime.mongo, cache_ms=int(CACHE_S * 1000)) as replica:
            assert (await replica.decrypt_document(gone, vaults[gone])).reveal()["full_name"] == NAME
            assert (await intake.read(UPTD, f"/v1/subjects/{gone}/identity"))["full_name"] == NAME
            assert (gone,) == await views.found_by(runtime.parts, "nik", NIK)

            async with reading(intake, stays):
                assert (await erase(intake, gone))["remains"] == []
                await asyncio.sleep(CACHE_S + 1)
            with pytest.raises(KeyMissing):
                await replica.decrypt_document(gone, vaults[gone])
            with pytest.raises(KeyMissing):
                await runtime.crypto.decrypt_document(gone, vaults[gone])
            assert (await intake.call(UPTD, "GET", f"/v1/subjects/{gone}/identity")).status_code == 404
            assert (await replica.decrypt_document(stays, vaults[stays])).reveal()["full_name"] == "Lain"
            assert (await intake.read(UPTD, f"/v1/subjects/{stays}/identity"))["full_name"] == "Lain"
        for purpose, value in (("nik", NIK), ("phone", PHONE)):
            assert await views.found_by(runtime.parts, purpose, value) == ()  # type: ignore[arg-type]
        assert (stays,) == await views.found_by(runtime.parts, "nik", OTHER_NIK)
        assert (gone,) == ledger.owners()
        await the_audit_holds(audit, gone)
        left = await intake.everything(intake.settings.mongo_database) + ledger.path.read_text()
        assert not [canary for canary in CANARIES if canary in left]
        await runtime.keyvault.ask_rotation(system_clock())
    await a_restored_back_up(stack, unique, copy, old=old, new=new, ledger=ledger, gone=gone, stays=stays)


async def the_audit_holds(audit: Audit, gone: str) -> None:
    """What was written down of them is as it was sealed before, and their end stands in the same chain."""
    before = len(audit.copies)
    await audit.seal()
    assert len(audit.copies) > before > 0
    report = await audit.verify(trusted=[SIGNER.public])
    assert (report["ok"], report["faults"]) == (True, [])
    entries = [line["entry"] for line in await audit.lines() if "entry" in line]
    theirs = {entry["action"] for entry in entries if f"subject|{gone}" in entry["chains"]}
    assert {"SUBJECT_REGISTERED", "IDENTITY_READ", "REQUEST_MOVED"} <= theirs
    assert ("KEY_DESTROYED", gone) in {(entry["action"], entry["target_ref"]) for entry in entries}


class reading:  # noqa: N801 - reads as a verb
    """Somebody else's identity is read all the while."""

    def __init__(self, intake: Intake, ref: str) -> None:
        self._intake, self._path = intake, f"/v1/subjects/{ref}/identity"
        self._stop = asyncio.Event()
        self.reads = 0

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._read())

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._task
        assert self.reads > 3

    async def _read(self) -> None:
        while not self._stop.is_set():
            assert (await self._intake.read(UPTD, self._path))["full_name"] == "Lain"
            self.reads += 1


async def a_restored_back_up(
    stack: Addresses, unique: str, copy: BackUp, *, old: str, new: str, ledger: ErasureLedger, gone: str, stays: str
) -> None:
    """From before the erasure: it would show them again, but for the ledger, and for the old master key's end."""
    await put_back(stack.mongo_uri, copy, f"{unique}n_intake")
    async with running_intake(stack, f"{unique}n", master_key=f"a:{old}") as naive:
        shown = await naive.read(UPTD, f"/v1/subjects/{gone}/identity")
        assert shown["full_name"] == NAME, "without the ledger the back-up brings them back: so what follows can fail"

    await put_back(stack.mongo_uri, copy, f"{unique}r_intake")
    async with running_intake(stack, f"{unique}r", master_key=f"a:{old}", erasure_ledger=ledger.path) as restored:
        runtime = restored.running.runtime
        assert {"ref": gone} == {
            name: value for name, value in (await restored.read(UPTD, f"/v1/subjects/{gone}/identity")).items() if value
        }
        assert await views.found_by(runtime.parts, "nik", NIK) == ()
        assert (await restored.read(UPTD, f"/v1/subjects/{stays}/identity"))["full_name"] == "Lain"
        proof = await retaining.run(runtime)
        assert proof is not None and proof.again == 1
        assert (await restored.read(UPTD, f"/v1/subjects/{gone}"))["erased_at"] is not None
        assert await runtime.keyvault.risen() == 0
        settings = replace_master(restored, f"b:{new}\na:{old}")
        async with FieldCrypto.open(settings, runtime.mongo) as rotating:
            while await rotating.rewrap():
                pass
        async with FieldCrypto.open(replace_master(restored, f"b:{new}"), runtime.mongo) as after:
            vault = await runtime.reader.find_one(Vault, {"_id": stays})
            assert vault is not None and vault.sealed.c3 is not None
            assert (await after.decrypt_document(stays, vault.sealed.c3)).reveal()["full_name"] == "Lain"

    await put_back(stack.mongo_uri, copy, f"{unique}o_intake")
    with pytest.raises(WrongMasterKey):
        async with running_intake(stack, f"{unique}o", master_key=f"b:{new}"):
            pass


def replace_master(intake: Intake, ring: str) -> Any:
    """The same settings with another ring."""
    return type(intake.settings).model_validate(intake.settings.model_dump() | {"master_key": ring})


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """The file that moves the domain's clock."""
    return tmp_path / "clock"


@pytest.fixture
async def intake(stack: Addresses, unique: str, tmp_path: Path, clock: Path) -> AsyncIterator[Intake]:
    ledger = tmp_path / "ledger"
    async with running_intake(stack, unique, (clock, datetime.now(UTC)), erasure_ledger=ledger) as running:
        yield running


def travel(clock: Path, **time: float) -> None:
    """Let the domain's clock go ahead."""
    clock.write_text(str(timedelta(**time).total_seconds()))


async def test_retention_runs_by_the_clock_and_leaves_a_proof(intake: Intake, clock: Path) -> None:
    people = [{"kabupaten": "53.02", "identity": {"full_name": NAME, "nik": NIK}}]
    body = {"occurred_at": system_clock().isoformat(), "village": "53.02.01.2012", "destination": "61.71"}
    stop = await intake.post(POSKO, "/v1/interdictions", body | {"legal_basis": "PERMENAKER_18_2024", "people": people})
    ref, runtime = stop["people"][0]["subject_ref"], intake.running.runtime
    assert await retaining.run(runtime) is None

    travel(clock, days=30, minutes=1)
    assert await due(intake) == {"POSKO_ACCESS": 1, "POSKO_KEY": 0, "INTAKE_KEY": 0}
    await retaining.run(runtime)
    assert (await intake.call(POSKO, "GET", f"/v1/subjects/{ref}/identity")).status_code == 404

    travel(clock, days=90, minutes=1)
    hold = await intake.post(DPO, f"/v1/interdictions/{stop['ref']}/holds", {"basis": "POLICE_REPORT"})
    assert await retaining.run(runtime) is None, "the hold keeps everything"
    assert await intake.rows("erasures") == []
    await intake.move(DPO, f"/v1/holds/{hold['ref']}", {"lift": True})
    await retaining.run(runtime)
    await erasing.carry_out(runtime)
    assert {ref, stop["ref"]} == {row["_id"] for row in await intake.rows("erasures") if row["done_at"]}
    assert {ref, stop["ref"]} == set(ErasureLedger(intake.settings.erasure_ledger or clock).owners())
    assert NAME not in readable(await intake.rows(RetentionRun.collection))
    actions = {row["action"] for row in await intake.rows("audit")}
    assert {"RETENTION_POSKO_ACCESS", "RETENTION_POSKO_KEY", "RETENTION_STOP", "KEY_DESTROYED"} <= actions


async def due(intake: Intake) -> dict[str, int]:
    """What a dry run reports."""
    runtime = intake.running.runtime
    return {row.rule: len(row.due) for row in await retaining.report(runtime.reader, runtime.clock())}


async def test_a_correction_keeps_what_it_does_not_mention(intake: Intake) -> None:
    ref = (await intake.post(UPTD, "/v1/subjects", somebody(full_name=NAME, nik=NIK, phones=[PHONE])))["ref"]
    wish = {"right": "CORRECTION", "occurred_at": system_clock().isoformat(), "identity": {"nik": OTHER_NIK}}
    request = await intake.post(UPTD, f"/v1/subjects/{ref}/requests", wish)
    assert (await intake.read(UPTD, f"/v1/subjects/{ref}/identity"))["nik"] == NIK, "not before it is granted"
    grant = {"move": "GRANT", "occurred_at": system_clock().isoformat()}
    await intake.move(CHIEF, f"/v1/requests/{request['ref']}", grant)
    shown = await intake.read(UPTD, f"/v1/subjects/{ref}/identity")
    assert (shown["nik"], shown["full_name"], shown["phones"]) == (OTHER_NIK, NAME, [PHONE])
    parts = intake.running.runtime.parts
    assert ((), (ref,)) == (await views.found_by(parts, "nik", NIK), await views.found_by(parts, "nik", OTHER_NIK))


async def test_a_restriction_hides_everything_but_that_there_is_somebody(intake: Intake) -> None:
    ref = (await intake.post(UPTD, "/v1/subjects", somebody(full_name=NAME)))["ref"]
    wish = {"right": "RESTRICTION", "occurred_at": system_clock().isoformat()}
    request = await intake.post(UPTD, f"/v1/subjects/{ref}/requests", wish)
    path, grant = f"/v1/requests/{request['ref']}", {"move": "GRANT", "occurred_at": system_clock().isoformat()}
    assert (await intake.call(UPTD, "POST", f"{path}/moves", grant)).status_code == 404, "a second person decides"
    await intake.move(CHIEF, path, grant)
    refused = await intake.call(UPTD, "GET", f"/v1/subjects/{ref}/identity")
    assert (refused.status_code, refused.json()["code"]) == (409, "RESTRICTED")
    assert NAME not in refused.text
    assert (await intake.read(UPTD, f"/v1/subjects/{ref}"))["restricted"]
    await intake.move(CHIEF, path, grant | {"move": "LIFT"})
    assert (await intake.read(UPTD, f"/v1/subjects/{ref}/identity"))["full_name"] == NAME


async def test_a_destroyed_reference_is_never_used_again(intake: Intake) -> None:
    body = somebody(full_name=NAME)
    ref = (await intake.post(UPTD, "/v1/subjects", body))["ref"]
    await erase(intake, ref)
    again = await intake.call(UPTD, "POST", "/v1/subjects", body | {"ref": ref})
    assert again.status_code == 409


async def test_the_index_key_rotates_while_people_are_found(stack: Addresses, unique: str) -> None:
    old, new = os.urandom(32).hex(), os.urandom(32).hex()
    async with running_intake(stack, unique, index_key=f"a:{old}") as before:
        refs = [(await before.post(UPTD, "/v1/subjects", somebody(nik=NIK, phones=[PHONE])))["ref"] for _ in range(2)]
        await before.running.runtime.mongo.collection("staff").delete_many({})
    async with running_intake(stack, unique, index_key=f"b:{new} a:{old}") as during:
        runtime = during.running.runtime
        refs.append((await during.post(UPTD, "/v1/subjects", somebody(nik=NIK)))["ref"])
        assert sorted(refs) == sorted(await views.found_by(runtime.parts, "nik", NIK))
        assert await reindex(runtime) == 2
        assert await reindex(runtime) == 0
        assert sorted(refs) == sorted(await views.found_by(runtime.parts, "nik", NIK))
        await runtime.mongo.collection("staff").delete_many({})
    async with running_intake(stack, unique, index_key=f"b:{new}") as after:
        parts = after.running.runtime.parts
        assert sorted(refs) == sorted(await views.found_by(parts, "nik", NIK))
        assert sorted(refs[:2]) == sorted(await views.found_by(parts, "phone", PHONE))
        assert len([row for row in await after.rows("vault") if row["sealed"]["c3"]]) == 3
