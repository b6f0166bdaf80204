"""`pulang local`: exit codes, and what goes to stdout."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.logs import last_lines, telling_lines
from deploy.local.state import StackFolder


def pulang(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.cli", *words]
    root = str(Path(__file__).parents[2])
    return subprocess.run(command, cwd=cwd, env={**os.environ, "PYTHONPATH": root, **env}, capture_output=True,
                          text=True, timeout=30, check=False)  # fmt: skip


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    script = "import sys; from deploy.cli import build_app; build_app(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "typer" in loaded
    assert loaded.isdisjoint({"pymongo", "motor", "aiokafka", "fastapi", "pydantic"})


def test_a_missing_tool_is_one_line_and_exit_2(tmp_path: Path) -> None:
    done = pulang("local", "up", cwd=tmp_path, PATH="/nonexistent", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Install a JDK 17" in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_missing_tool_is_told_also_when_detached(tmp_path: Path) -> None:
    done = pulang("local", "up", "--detach", cwd=tmp_path, PATH="/nonexistent", XDG_CACHE_HOME=str(tmp_path))
    assert done.returncode == 2
    assert "Install a JDK 17" in done.stderr


@pytest.mark.parametrize("nodes", ["0", "2", "many"])
def test_only_one_or_three_nodes(tmp_path: Path, nodes: str) -> None:
    assert pulang("local", "up", "--nodes", nodes, cwd=tmp_path).returncode == 2


def test_status_of_nothing(tmp_path: Path) -> None:
    done = pulang("local", "status", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    done = pulang("local", "status", "--json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (1, {"running": False, "starting": False})
    assert list(tmp_path.iterdir()) == []


def test_down_of_nothing_is_done_already(tmp_path: Path) -> None:
    assert pulang("local", "down", cwd=tmp_path).returncode == 0


def test_logs_of_nothing(tmp_path: Path) -> None:
    assert pulang("local", "logs", cwd=tmp_path).returncode == 1


def test_the_folder_can_come_from_the_environment(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    (folder / "nodes-1").mkdir(parents=True)
    (folder / "nodes-1" / "mongod-1.log").write_text("one\ntwo\n")
    done = pulang("local", "logs", "--lines", "1", cwd=tmp_path, PULANG_LOCAL_DIR=str(folder))
    assert (done.returncode, done.stdout) == (0, "mongod-1 | two\n")


def test_the_last_lines_of_each_log_carry_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("1\n2\n3\n")
    (tmp_path / "b.log").write_text("4\n")
    logs = [tmp_path / "a.log", tmp_path / "b.log"]
    assert list(last_lines(logs, 2)) == ["a | 2", "a | 3", "b | 4"]
    assert list(last_lines(logs, 0)) == []


def test_a_log_tells_why_its_server_ended(tmp_path: Path) -> None:
    log = tmp_path / "mongod-1.log"
    assert list(telling_lines(log)) == []
    log.write_text('{"s":"I"}\n{"s":"E","msg":"address in use"}\n{"s":"I","msg":"bye"}\n')
    assert list(telling_lines(log)) == ['{"s":"E","msg":"address in use"}']
    log.write_text("1\n2\n3\n")
    assert list(telling_lines(log, count=2)) == ["2", "3"]


def test_a_stack_that_is_still_starting_is_not_up_yet(tmp_path: Path) -> None:
    with StackFolder(tmp_path).held():
        done = pulang("local", "status", "--json", cwd=tmp_path, PULANG_LOCAL_DIR=str(tmp_path))
        assert (done.returncode, json.loads(done.stdout)) == (1, {"running": False, "starting": True})
