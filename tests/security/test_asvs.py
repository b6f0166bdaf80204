"""The map of OWASP ASVS names every requirement in its scope once, and nothing that does not exist or does not run."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "security"
ENTRIES: list[dict[str, Any]] = yaml.load((FOLDER / "asvs.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
NEEDS = {"tested": "by", "built": "by", "not_applicable": "reason", "open": "reason"}


def test_every_requirement_in_scope_stands_there_once() -> None:
    lines = (FOLDER / "asvs-5.0.0.txt").read_text("utf-8").splitlines()
    official = [line.split()[0] for line in lines if not line.startswith("#")]
    listed = Counter(id_ for entry in ENTRIES for id_ in entry["ids"])
    assert sorted(official) == sorted(listed.elements())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["ids"][0])
def test_what_is_named_exists_and_runs(entry: dict[str, Any]) -> None:
    assert set(entry) == {"ids", "subject", "status", NEEDS[entry["status"]]}
    for named in entry.get("by", ()):
        file, _, test = named.partition("::")
        assert (ROOT / file).is_file(), named
        assert (test in running_tests(ROOT / file)) if entry["status"] == "tested" else not test, named


@cache
def running_tests(file: Path) -> frozenset[str]:
    """The tests of a file that a CI run collects: not nightly, not skipped."""
    assert file.name.startswith("test_")
    found = ast.parse(file.read_text("utf-8")).body
    functions = [each for each in found if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    marks = {each.name: " ".join(ast.unparse(mark) for mark in each.decorator_list) for each in functions}
    return frozenset(name for name, mark in marks.items() if "nightly" not in mark and "mark.skip" not in mark)
