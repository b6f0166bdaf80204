"""Every command of `pulang` alike: JSON, misuse in one line and exit 2, a question before what cannot be undone.

The commands are found by walking the application itself, so that a new one is held to the same.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import typer.main

from deploy.cli import build_app, main
from deploy.errors import Misuse
from deploy.printing import show_json, show_rows

TOLD_AS_IT_GOES = {
    ("demo",): "it tells a story, and its result is the exit code",
    ("local", "logs"): "it passes on what the servers wrote",
}
"""The commands without `--json`, and why."""

CANNOT_BE_UNDONE: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("audit", "record-restore"): ("--service", "cases", "--by", "O-20"),
    ("acl", "apply"): ("--revoke",),
    ("local", "down"): ("--discard",),
    ("parked", "discard"): ("id-1", "--service", "cases", "--by", "O-20", "--reason", "OBSOLETE"),
    ("retention", "run"): (),
    ("vault", "apply-ledger"): (),
}
"""The commands that destroy, with the words that make them; the tests of each on real servers say what they destroy."""

HARMLESS_VERBS = {
    *("check", "list", "show", "status", "logs", "verify", "export", "who-saw", "what-did", "exposed"),  # look
    *("apply", "up", "load", "appoint", "suspend", "suspend-office", "reinstate", "reinstate-office"),  # can be undone
    *("release", "rotate", "new-key", "copy", "restore-copy", "demo"),  # add, or try again
}


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command that can be given, by the words that lead to it."""
    inner = getattr(command, "commands", {})
    for name, each in inner.items():
        yield from walk(each, (*path, name))
    if not inner:
        yield path, command


COMMANDS = dict(walk(typer.main.get_command(build_app())))
PARAMETERS = [(path, parameter) for path, command in COMMANDS.items() for parameter in command.params]


def name_of(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(getattr(value, "name", ""))


def options(path: tuple[str, ...]) -> set[str]:
    return {option for parameter in COMMANDS[path].params for option in parameter.opts}


def run(*words: str) -> int:
    """The exit code of these words."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


def one_line(text: str) -> str:
    [line] = text.splitlines()
    assert "Traceback" not in line
    return line


def test_there_are_commands() -> None:
    assert {("local", "down"), ("parked", "list"), ("demo",)} <= set(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_a_command_speaks_json_or_says_why_it_does_not(path: tuple[str, ...]) -> None:
    assert ("--json" in options(path)) != (path in TOLD_AS_IT_GOES)


@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_a_command_says_what_it_is_for(path: tuple[str, ...]) -> None:
    assert COMMANDS[path].help


@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_a_command_either_asks_first_or_does_nothing_that_cannot_be_undone(path: tuple[str, ...]) -> None:
    assert (path in CANNOT_BE_UNDONE) == ("--yes" in options(path))
    assert path in CANNOT_BE_UNDONE or path[-1] in HARMLESS_VERBS


@pytest.mark.parametrize("path", CANNOT_BE_UNDONE, ids=name_of)
def test_nothing_is_destroyed_where_nobody_says_yes(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("deploy.commands.retention.asking", lambda *_: [{"rule": "R-1", "due": ["hash"]}])
    monkeypatch.setattr("sys.stdin", StringIO(""))
    assert run(*path, *CANNOT_BE_UNDONE[path]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Nothing was done" in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", COMMANDS, ids=name_of)
def test_an_unknown_option_is_one_line_and_exit_2(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*path, "--no-such-option") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert one_line(said.err).startswith(f"pulang {' '.join(path)}: ")


@pytest.mark.parametrize(
    "path", [p for p in COMMANDS if any(each.required for each in COMMANDS[p].params)], ids=name_of
)
def test_a_word_that_is_missing_is_one_line_and_exit_2(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*path) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Missing" in one_line(said.err)


def wrong_word(parameter: Any, file: Path) -> str | None:
    """A word that cannot be right here; None where any may be: a flag takes none, a text and a new file's name any."""
    kind, info = parameter.type_descriptor.annotation, parameter.type_descriptor.parameter_info
    if kind in (bool, str, list[str]):
        return None
    if kind is Path and not info.exists:
        return None if info.file_okay else str(file)
    return "no-such-thing"


@pytest.mark.parametrize(("path", "parameter"), PARAMETERS, ids=name_of)
def test_a_word_of_the_wrong_kind_is_one_line_and_exit_2(
    path: tuple[str, ...], parameter: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.touch()
    wrong = wrong_word(parameter, file)
    if wrong is None:
        return
    named = [parameter.opts[0]] if parameter.param_type_name == "option" else []
    assert run(*path, *named, wrong) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert parameter.opts[0].strip("-") in one_line(said.err).lower()


def test_misuse_that_shows_only_later_is_one_line_and_exit_2_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roster = tmp_path / "staff.yaml"
    roster.write_bytes(b"\xff\xfe not text")
    assert run("staff", "load", str(roster), "--by", "O-20") == 2
    assert "UTF-8" in one_line(capsys.readouterr().err)
    assert run("parked", "release", "id-1", "--service", "cases", "--by", "not a reference") == 2
    one_line(capsys.readouterr().err)
    assert run("vault", "restore-copy", "--part", "nothing", "--out", str(tmp_path)) == 2
    one_line(capsys.readouterr().err)
    assert run("vault", "new-key", "/proc/nowhere/ring", "--version", "2026a") == 2
    one_line(capsys.readouterr().err)


def test_times_in_json_are_rfc_3339_in_utc_with_z(capsys: pytest.CaptureFixture[str]) -> None:
    wita = timezone(timedelta(hours=8))
    moments = [
        datetime(2026, 5, 14, 13, 20, tzinfo=wita),
        datetime(2026, 5, 14, 5, 20),  # noqa: DTZ001 - as databases give it
        datetime(2026, 5, 14, 5, 20, 0, 123000, tzinfo=UTC),
    ]
    show_json({"at": moments})
    assert json.loads(capsys.readouterr().out)["at"] == [
        "2026-05-14T05:20:00Z",
        "2026-05-14T05:20:00Z",
        "2026-05-14T05:20:00.123000Z",
    ]
    show_rows([{"at": moments[0]}], as_json=False, empty="")
    assert "2026-05-14T05:20:00Z" in capsys.readouterr().out


def test_a_table_keeps_every_value_whole_and_shows_what_looks_like_markup(capsys: pytest.CaptureFixture[str]) -> None:
    row = {f"column {number}": f"01a20e09-503f-72b8-9f4a-{number:012}" for number in range(12)}
    show_rows([row | {"classes": ["C1", "C2"], "reason": "[red]"}], as_json=False, empty="")
    shown = capsys.readouterr().out
    assert all(value in shown for value in (*row, *row.values(), "C1 C2", "[red]"))


def test_nothing_prints_json_but_the_one_place_that_knows_times() -> None:
    sources = (Path(__file__).parents[2] / "deploy" / "commands").glob("*.py")
    assert [file.name for file in sources if "json.dumps" in file.read_text("utf-8")] == []


def test_misuse_is_exit_2() -> None:
    assert Misuse("").exit_code == 2
