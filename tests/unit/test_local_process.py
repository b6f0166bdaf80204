"""A server process ends when it is told to, when it is killed, and when its parent dies in whatever way."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest

from deploy.local.errors import ServerFailedError
from deploy.local.process import Server
from deploy.local.program import Program
from deploy.local.spawner import Spawner
from deploy.local.state import process_runs

PARENT = """
import sys, time
from pathlib import Path
from deploy.local.program import Program
from deploy.local.spawner import Spawner
child = Spawner().spawn(Program(["sleep", "60"]), Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(60)
"""
IGNORES_TERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
)


@pytest.fixture
def spawner() -> Iterator[Spawner]:
    spawner = Spawner()
    yield spawner
    spawner.close()


@pytest.fixture
def make_server(spawner: Spawner, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def make(*command: str, answers: Callable[[], bool] = lambda: True, clean_up: list[str] | None = None) -> Server:
        program = Program(list(command), clean_up=clean_up)
        made.append(Server("one", "127.0.0.1:1", program, tmp_path / "one.log", answers, spawner))
        return made[-1]

    yield make
    for server in made:
        server.kill()


def eventually(condition: Callable[[], bool], within_s: float = 5.0) -> bool:
    deadline = monotonic() + within_s
    while not condition() and monotonic() < deadline:
        sleep(0.02)
    return condition()


def test_stopped_and_started_again(make_server: Callable[..., Server]) -> None:
    server = make_server("sleep", "60")
    server.start()
    first = server.pid
    server.stop()
    assert not server.alive
    server.start()
    assert server.alive
    assert first != server.pid


def test_one_that_ignores_the_request_is_killed(make_server: Callable[..., Server]) -> None:
    server = make_server(sys.executable, "-c", IGNORES_TERM)
    server.spawn()
    server.wait_until(lambda: "up" in server.log.read_text())
    server.stop(timeout_s=0.2)
    assert not server.alive


def test_a_paused_one_can_be_stopped(make_server: Callable[..., Server]) -> None:
    server = make_server("sleep", "60")
    server.start()
    server.pause()
    assert eventually(lambda: " T " in Path(f"/proc/{server.pid}/stat").read_text())
    began = monotonic()
    server.stop(timeout_s=10)
    assert monotonic() - began < 5
    assert not server.alive


def test_a_server_that_ends_at_once_is_reported_with_its_log(make_server: Callable[..., Server]) -> None:
    server = make_server("sh", "-c", "echo port taken; exit 3", answers=lambda: False)
    with pytest.raises(ServerFailedError, match="port taken"):
        server.start()


def test_a_server_that_never_answers_is_reported(make_server: Callable[..., Server]) -> None:
    server = make_server("sleep", "60", answers=lambda: False)
    server.spawn()
    with pytest.raises(ServerFailedError, match="not ready in 0 s"):
        server.wait_until_ready(timeout_s=0.2)


def test_what_a_command_started_elsewhere_is_cleaned_up(make_server: Callable[..., Server], tmp_path: Path) -> None:
    mark = tmp_path / "cleaned"
    server = make_server("sleep", "60", clean_up=["sh", "-c", f"echo x >> {mark}"])
    server.start()
    server.kill()
    assert mark.read_text() == "x\nx\n"  # before the start, and for the kill


def test_a_signal_reaches_what_a_command_started_elsewhere(spawner: Spawner, tmp_path: Path) -> None:
    mark = tmp_path / "signals"
    program = Program(["sleep", "60"], signal_with=lambda name: ["sh", "-c", f"echo {name} >> {mark}"])
    server = Server("one", "127.0.0.1:1", program, tmp_path / "one.log", lambda: True, spawner)
    server.start()
    server.pause()
    server.stop()
    assert mark.read_text() == "SIGSTOP\nSIGCONT\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent(number: signal.Signals, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert process_runs(child)
        parent.send_signal(number)
    assert eventually(lambda: not process_runs(child))


def test_a_child_outlives_the_thread_that_asked_for_it(make_server: Callable[..., Server]) -> None:
    server = make_server("sleep", "60")
    thread = Thread(target=server.start)
    thread.start()
    thread.join()
    server.wait_until(lambda: Path(f"/proc/{server.pid}/comm").read_text() == "sleep\n")
    assert server.alive


def test_a_child_does_not_get_our_ctrl_c(make_server: Callable[..., Server]) -> None:
    server = make_server("sleep", "60")
    server.start()
    assert server.pid is not None
    assert os.getsid(server.pid) != os.getsid(0)
