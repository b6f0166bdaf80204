"""`pulang staff load` on a real database."""

import json
from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest
from typer.testing import CliRunner

from deploy.cli import build_app
from deploy.errors import OperatorError
from tests.support.addresses import Addresses
from tests.support.cases import STAFF

pytestmark = pytest.mark.integration


@pytest.fixture
def database(stack: Addresses, unique: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[pymongo.database.Database]:  # type: ignore[type-arg]
    name = f"{unique}_cases"
    for setting, value in {"LOCAL": "true", "MONGO_URI": stack.mongo_uri, "MONGO_DATABASE": name}.items():
        monkeypatch.setenv(f"PULANG_CASES_{setting}", value)
    with pymongo.MongoClient(stack.mongo_uri) as client:
        yield client[name]


def load(file: Path) -> list[str]:
    """Who was published."""
    result = CliRunner().invoke(
        build_app(), ["staff", "load", str(file), "--by", "O-01", "--json"], catch_exceptions=False
    )
    assert result.exit_code == 0
    return list(json.loads(result.stdout)["published"])


def test_members_are_stored_and_published_once(database, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "staff.yaml"
    file.write_text(STAFF)
    assert len(load(file)) == 7
    assert load(file) == []
    assert database["staff"].count_documents({"active": True}) == 7
    assert database["outbox"].count_documents({"topic": "staff-events"}) == 7
    assert database["audit"].count_documents({"action": "STAFF_LOADED", "actor.person": "O-01"}) == 14


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("members:\n  - {person: O-20}\n", "staff.yaml:2: members.0.agency: Field required"),
        (STAFF.replace("O-20", "O 20"), "staff.yaml:2: members.0.person"),
        (STAFF.replace("LPSK-53", "LPSK-53.71"), "staff.yaml:7: members.5.agency"),
        (STAFF.replace("SUPERVISOR", "SUPERVISER"), "staff.yaml:5: members.3.roles.0"),
        ("members: [", "staff.yaml:"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(text: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "staff.yaml"
    file.write_text(text)
    with pytest.raises(OperatorError, match=problem.replace(".", r"\.")):
        CliRunner().invoke(build_app(), ["staff", "load", str(file), "--by", "O-01"], catch_exceptions=False)


def test_one_mistake_keeps_everybody_out(database, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "staff.yaml"
    file.write_text(STAFF.replace("POLRI-53", "MARS-53"))
    with pytest.raises(OperatorError, match=r"members\.6\.agency"):
        CliRunner().invoke(build_app(), ["staff", "load", str(file), "--by", "O-01"], catch_exceptions=False)
    assert database["staff"].count_documents({}) == 0
