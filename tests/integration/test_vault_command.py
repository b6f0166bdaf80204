"""`pulang vault` and `pulang retention` on a real database: what operators and two agencies do, and what they see."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymongo
import pytest
from click.testing import Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from typer.testing import CliRunner

from deploy.cli import build_app
from deploy.errors import OperatorError
from services.intake.ledger import ErasureLedger
from shared.security.keyring import read_ring
from shared.service.keykeeping import KeyKeeper
from tests.support.addresses import Addresses
from tests.support.intake import UPTD, running_intake
from tests.support.vault import master_secret

pytestmark = pytest.mark.integration

PASSPHRASE = "correct horse"


@pytest.fixture
def database(stack: Addresses, unique: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[pymongo.MongoClient[Any]]:
    """Intake's settings in the environment."""
    given = {"LOCAL": "true", "MONGO_URI": stack.mongo_uri, "MONGO_DATABASE": f"{unique}_intake"}
    for setting, value in {**given, "SUSPECTS_DATABASE": f"{unique}_suspects"}.items():
        monkeypatch.setenv(f"PULANG_INTAKE_{setting}", value)
    with pymongo.MongoClient[Any](stack.mongo_uri) as client:
        yield client


def pulang(*words: str, code: int = 0, typed: str = "") -> Result:
    """What the command printed."""
    result = CliRunner().invoke(build_app(), list(words), input=typed, catch_exceptions=False)
    assert code == result.exit_code, result.output
    return result


def told(*words: str, code: int = 0) -> Any:
    """The same, as data."""
    return json.loads(pulang(*words, "--json", code=code).stdout)


def a_stop() -> dict[str, Any]:
    """One person, kept from a journey abroad."""
    stop = {"occurred_at": datetime.now(UTC).isoformat(), "checkpoint": "KOE", "destination": "MY"}
    return {**stop, "legal_basis": "UU18_2017_ART40", "people": [{}]}


async def test_a_rotation_is_asked_for_without_keys_and_done_by_the_clock(
    database: pymongo.MongoClient[Any], stack: Addresses, unique: str
) -> None:
    old, new = master_secret(), master_secret()
    recruiters = [{"name": "Bos", "phone": "081299990000"}]
    stop = a_stop()
    async with running_intake(stack, unique, master_key=f"a:{old}") as before:
        await before.post(
            "O-01", "/v1/interdictions", stop | {"legal_basis": "UU18_2017_ART40", "recruiters": recruiters}
        )
        await before.running.runtime.mongo.collection("staff").delete_many({})
    async with running_intake(stack, unique, master_key=f"b:{new} a:{old}") as intake:
        wrong = await asyncio.to_thread(told, "vault", "check", "--service", "intake", code=1)
        assert len(wrong) == 2, "people's and suspects' keys need two master keys each"
        await asyncio.to_thread(pulang, "vault", "rotate", "--service", "intake", "--wait", "0")
        keeper = KeyKeeper(intake.running.runtime)
        for _ in range(3):
            await keeper.rotate()
        assert await asyncio.to_thread(told, "vault", "check", "--service", "intake") == []
        status = await asyncio.to_thread(told, "vault", "status", "--service", "intake")
        assert [list(vault["keys"]) for vault in status.values()] == [["local:b"], ["local:b"]]
        assert all(vault["rotation"]["done_at"] for vault in status.values())


async def test_quarantines_keys_end_sixty_days_after_their_month(stack: Addresses, unique: str) -> None:
    async with running_intake(stack, unique) as intake:
        runtime = intake.running.runtime
        for month in ("2026-03", "2026-04", "2026-05"):
            await runtime.crypto.seal("POLRI", month, b"content")
        await runtime.crypto.encrypt_document("V-020", {"n": 1})
        await KeyKeeper(runtime).end_quarantine(datetime(2026, 6, 30, tzinfo=UTC))
        assert await runtime.keyvault.quarantine_keys("2030-01") == ["quarantine|POLRI|2026-05"]
        assert await runtime.keyvault.destroyed() == 2


def agency(folder: Path, name: str, passphrase: str | None) -> tuple[str, str]:
    """An agency's key pair; answers the files of the public and of the private key."""
    key = X25519PrivateKey.generate()
    locked = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    encoding = serialization.Encoding.PEM
    private.write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, locked))
    public.write_bytes(key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo))
    return str(public), str(private)


async def test_two_agencies_bring_lost_keys_back(
    database: pymongo.MongoClient[Any], stack: Addresses, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, index = tmp_path / "master_key", tmp_path / "index_key"
    for ring in (master, index):
        pulang("vault", "new-key", str(ring), "--version", "2026a")
        monkeypatch.setenv(f"PULANG_INTAKE_{ring.name.upper()}_FILE", str(ring))
    body = {"occurred_at": datetime.now(UTC).isoformat(), "source": "KEMLU", "host": "53.71", "sex": "F"}
    secrets = {"master_key": master.read_text(), "index_key": index.read_text()}
    async with running_intake(stack, unique, **secrets) as intake:
        ref = (await intake.post(UPTD, "/v1/subjects", body | {"identity": {"full_name": "Kenari"}}))["ref"]
        await intake.running.runtime.mongo.collection("staff").delete_many({})

    ours, our_key = agency(tmp_path, "UPTD_PPA", PASSPHRASE)
    theirs, their_key = agency(tmp_path, "LPSK", None)
    to = ["--to", f"UPTD_PPA={ours}", "--to", f"LPSK={theirs}", "--out", str(tmp_path / "media")]
    made = await asyncio.to_thread(told, "vault", "copy", "--service", "intake", *to)
    parts = [Path(part["file"]) for part in made]
    assert [part.stat().st_mode & 0o777 for part in parts] == [0o600, 0o600]
    shown = "".join(part.read_text() for part in parts)
    assert not [secret for secret in secrets.values() if secret.split(":")[1].strip() in shown]
    for ring in (master, index):
        ring.unlink()
        monkeypatch.delenv(f"PULANG_INTAKE_{ring.name.upper()}_FILE")

    pairs = [f"{made[0]['file']}={our_key}", f"{made[1]['file']}={their_key}"]
    out = tmp_path / "restored"
    with pytest.raises(OperatorError, match="two parts"):
        await asyncio.to_thread(pulang, "vault", "restore-copy", "--part", pairs[1], "--out", str(out))
    restore = ("vault", "restore-copy", "--part", pairs[0], "--part", pairs[1], "--out", str(out))
    await asyncio.to_thread(lambda: pulang(*restore, typed=f"{PASSPHRASE}\n"))
    assert secrets == {name: (out / name).read_text() for name in secrets}
    assert [(out / name).stat().st_mode & 0o777 for name in secrets] == [0o600, 0o600]
    async with running_intake(stack, unique, **{name: (out / name).read_text() for name in secrets}) as intake:
        assert (await intake.read(UPTD, f"/v1/subjects/{ref}/identity"))["full_name"] == "Kenari"


def test_a_new_key_is_added_last_and_is_not_in_use(tmp_path: Path) -> None:
    ring = tmp_path / "ring"
    for version in ("2026a", "2026b"):
        pulang("vault", "new-key", str(ring), "--version", version)
    assert list(read_ring(ring.read_text()).secrets) == ["2026a", "2026b"]
    with pytest.raises(OperatorError):
        pulang("vault", "new-key", str(ring), "--version", "2026b")
    ring.chmod(0o644)
    with pytest.raises(OperatorError, match="chmod 600"):
        pulang("vault", "new-key", str(ring), "--version", "2026c")


async def test_the_ledger_is_applied_to_a_restored_database_without_any_key(
    database: pymongo.MongoClient[Any], stack: Addresses, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = ErasureLedger(tmp_path / "ledger")
    body = {"occurred_at": datetime.now(UTC).isoformat(), "source": "KEMLU", "host": "53.71", "sex": "F"}
    async with running_intake(stack, unique) as intake:
        ref = (await intake.post(UPTD, "/v1/subjects", body | {"identity": {"nik": "5302994107905566"}}))["ref"]
    ledger.append(ref, datetime.now(UTC), "REQUEST")
    with pytest.raises(OperatorError, match="no erasure ledger"):
        await asyncio.to_thread(pulang, "vault", "apply-ledger", "--yes")
    monkeypatch.setenv("PULANG_INTAKE_ERASURE_LEDGER", str(ledger.path))
    assert await asyncio.to_thread(told, "vault", "apply-ledger", "--yes") == {"destroyed_again": 1}
    assert await asyncio.to_thread(told, "vault", "apply-ledger", "--yes") == {"destroyed_again": 0}
    assert database[f"{unique}_intake_keys"]["keys"].count_documents({"keyAltNames": ref}) == 0
    [vault] = database[f"{unique}_intake"]["vault"].find({"_id": ref})
    assert (vault["sealed"]["c3"], vault["sealed"]["nik_index"]) == (None, None)
    ledger.path.write_bytes(ledger.path.read_bytes().replace(b"REQUEST", b"WISHFUL") + b"x\n")
    with pytest.raises(OperatorError, match="line 2"):
        await asyncio.to_thread(pulang, "vault", "apply-ledger", "--yes")


async def test_a_dry_run_of_retention_shows_counts_and_hashes(
    database: pymongo.MongoClient[Any], stack: Addresses, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = a_stop()
    async with running_intake(stack, unique) as intake:
        made = await intake.post("O-01", "/v1/interdictions", stop)
    ref = made["people"][0]["subject_ref"]
    (tmp_path / "clock").write_text(str(91 * 24 * 3600))
    monkeypatch.setenv("PULANG_INTAKE_CLOCK_OFFSET_FILE", str(tmp_path / "clock"))
    dry = await asyncio.to_thread(told, "retention", "run", "--dry-run")
    assert {row["rule"]: len(row["due"]) for row in dry} == {"POSKO_ACCESS": 1, "POSKO_KEY": 1, "INTAKE_KEY": 0}
    assert ref not in json.dumps(dry)
    assert database[f"{unique}_intake"]["subjects"].count_documents({"erased_at": None}) == 1
    done = await asyncio.to_thread(told, "retention", "run", "--yes")
    assert {row["rule"]: len(row["due"]) for row in done if row["rule"] == "POSKO_KEY"} == {"POSKO_KEY": 1}
    assert database[f"{unique}_intake"]["subjects"].count_documents({"erased_at": None}) == 0
