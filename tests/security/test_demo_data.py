"""What belongs to the story stays in the story: its people, its mailboxes, its settings."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import build_app
from deploy.demo_data import DEMO_FILES, Misplaced, refuse_demo_file, refuse_real_settings

STORY = sorted(DEMO_FILES.glob("*.yaml"))


@pytest.mark.parametrize("file", STORY, ids=lambda file: file.name)
def test_the_storys_files_are_refused_outside_local_mode_under_whatever_name(file: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "ours.yaml"
    renamed.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(Misplaced):
        refuse_demo_file(renamed, local=False)
    refuse_demo_file(renamed, local=True)
    renamed.write_text("members: []")
    refuse_demo_file(renamed, local=False)


def test_staff_and_recipients_are_files_of_the_story() -> None:
    assert {"staff.yaml", "recipients.yaml"} <= {file.name for file in STORY}


@pytest.mark.parametrize("noun", ["staff", "recipients"])
def test_the_operators_command_refuses_them(noun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Real:
        local = False

    monkeypatch.setattr(
        f"deploy.{'services' if noun == 'recipients' else 'commands.staff'}.settings_of", lambda _: Real()
    )
    by = ["--by", "O-90"] if noun == "staff" else []
    done = CliRunner().invoke(build_app(), [noun, "load", str(DEMO_FILES / f"{noun}.yaml"), *by])
    assert isinstance(done.exception, Misplaced)


def test_the_demo_is_not_played_with_the_settings_of_real_services(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_real_settings({"PULANG_DEMO_DIR": "x", "PULANG_LOCAL_DIR": "y", "PATH": "/bin"})
    monkeypatch.setenv("PULANG_CASES_MONGO_URI", "mongodb://real.example")
    done = CliRunner().invoke(build_app(), ["demo"])
    assert isinstance(done.exception, Misplaced)
    assert "PULANG_CASES_MONGO_URI" in str(done.exception)
    assert "real.example" not in str(done.exception)
