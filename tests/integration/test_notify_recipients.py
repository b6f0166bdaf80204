"""`pulang recipients load`, as operators run it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pymongo
import pytest

pytestmark = pytest.mark.integration

BOOK = """
- office: UPTD_PPA-53.71
  recipients:
    - {id: desk, email: meja@uptd.example}
    - {id: on-call, email: jaga@uptd.example, language: en, person: O-07}
- office: LPSK-53
  recipients:
    - {id: desk, email: meja@lpsk.example, active: false}
"""


@pytest.fixture
def load(mongo_uri: str, unique: str, tmp_path: Path) -> Any:
    values = {"LOCAL": "true", "MONGO_URI": mongo_uri, "MONGO_DATABASE": unique, "KEY_DATABASE": f"{unique}_keys"}
    environment = {**os.environ, **{f"PULANG_NOTIFY_{name}": value for name, value in values.items()}}

    def run(text: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "recipients.yaml"
        file.write_text(text)
        command = [sys.executable, "-m", "deploy.cli", "recipients", "load", str(file), "--json"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_a_file_sets_the_offices_that_it_names(load: Any, mongo_uri: str, unique: str) -> None:
    first = load(BOOK)
    assert (first.returncode, first.stderr) == (0, "")
    assert json.loads(first.stdout) == [
        {"office": "UPTD_PPA-53.71", "recipients": 2, "version": 1},
        {"office": "LPSK-53", "recipients": 1, "version": 1},
    ]
    again = load(BOOK.replace("active: false", "active: true"))
    assert [row["version"] for row in json.loads(again.stdout)] == [1, 2]
    with pymongo.MongoClient[dict[str, Any]](mongo_uri) as client:
        book = client[unique].address_books.find_one({"_id": "UPTD_PPA-53.71"})
        audit = client[unique].audit.find_one({"action": "ADDRESS_BOOKS_LOADED"})
    assert book
    assert [(entry["id"], entry["language"]) for entry in book["recipients"]] == [("desk", "id"), ("on-call", "en")]
    assert audit
    assert audit["channel"] == "operator"


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        (BOOK.replace("meja@uptd.example", "meja uptd.example"), "0/recipients/0/email"),
        (BOOK.replace("language: en", "language: de"), "0/recipients/1/language"),
        (BOOK.replace("jaga@uptd", "meja@uptd"), "0"),
        (BOOK.replace("LPSK-53", "KANTOR-53"), "1"),
        (BOOK.replace("LPSK-53", "UPTD_PPA-53.71"), "file"),
        ("office: [", "not YAML"),
    ],
)
def test_a_wrong_file_changes_nothing_and_is_not_quoted(
    load: Any, mongo_uri: str, unique: str, wrong: str, place: str
) -> None:
    answer = load(wrong)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert place in answer.stderr
    assert "@" not in answer.stderr
    assert "Traceback" not in answer.stderr
    with pymongo.MongoClient[dict[str, Any]](mongo_uri) as client:
        assert unique not in client.list_database_names()
