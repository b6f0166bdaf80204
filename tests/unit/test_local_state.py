"""Other processes find a running stack, and never one that is gone."""

import os
from pathlib import Path

import pytest

from deploy.local.errors import AlreadyRunningError
from deploy.local.state import ServerState, StackFolder, StackState

STATE = StackState(
    supervisor_pid=os.getpid(), source="processes", nodes=1,
    mongo_uri="mongodb://127.0.0.1:1/?replicaSet=pulang", kafka_bootstrap="127.0.0.1:2",
    partners_bootstrap="127.0.0.1:3",
    servers=[ServerState("mongod-1", "127.0.0.1:1", os.getpid(), "/logs/mongod-1.log")],
)  # fmt: skip


def test_a_held_folder_tells_who_holds_it_and_what_is_up(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path / "local")
    with folder.held():
        assert folder.supervisor() == os.getpid()
        assert folder.read() is None
        folder.write(STATE)
        assert StackFolder(tmp_path / "local").read() == STATE
    assert folder.supervisor() is None
    assert folder.read() is None


def test_only_one_stack_in_a_folder(tmp_path: Path) -> None:
    with (
        StackFolder(tmp_path).held(),
        pytest.raises(AlreadyRunningError, match="already running"),
        StackFolder(tmp_path).held(),
    ):
        pass


def test_the_state_of_a_stack_that_died_is_not_believed(tmp_path: Path) -> None:
    StackFolder(tmp_path).write(STATE)  # as left behind by a supervisor that was killed
    assert StackFolder(tmp_path).read() is None


def test_the_state_tells_which_servers_live() -> None:
    gone = ServerState("kafka-1", "127.0.0.1:2", 2**22 + 1, "/logs/kafka-1.log")  # above the kernel's highest id
    servers = StackState(**{**vars(STATE), "servers": [*STATE.servers, gone]}).as_dict()["servers"]
    assert [(s["name"], s["alive"]) for s in servers] == [("mongod-1", True), ("kafka-1", False)]


def test_discarding_takes_only_what_a_stack_keeps(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path / "local")
    with folder.held():
        folder.write(STATE)
    (folder.path / "nodes-1" / "mongod-1").mkdir(parents=True)
    (folder.path / "letter.txt").write_text("somebody's own")
    folder.discard()
    assert [path.name for path in folder.path.iterdir()] == ["letter.txt"]
    (folder.path / "letter.txt").unlink()
    folder.discard()
    assert not folder.path.exists()
