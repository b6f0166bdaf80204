"""Keeping a stack up: in the foreground until a signal, or in the background under a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from types import FrameType

from deploy.local.errors import LocalStackError
from deploy.local.process import ASK_EVERY_S
from deploy.local.programs import choose_programs
from deploy.local.progress import Progress
from deploy.local.stack import Layout, Stack
from deploy.local.state import StackFolder, StackState

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
START_TIMEOUT_S = 300.0  # with both downloads on a slow line
DOWN_TIMEOUT_S = 30.0


class StopRequested(KeyboardInterrupt):
    """A signal asked us to end; no `Exception`, so that nothing on the way takes it for a failure.

    It is a `KeyboardInterrupt`, since asyncio lets nothing but that and SystemExit out of any of its callbacks.
    """


def run(layout: Layout, progress: Progress, containers: bool, ready: Callable[[StackState], None]) -> None:
    """Start the stack, call `ready` with its state, and keep it up until SIGINT, SIGTERM or SIGHUP.

    Signals count from the first moment, also during downloads and half-way through a start.
    """
    folder = StackFolder(layout.directory)
    raise_on_signals()
    try:
        with folder.held(), Stack(layout, choose_programs(layout.nodes, progress, containers), progress) as stack:
            state = StackState.of(stack)
            folder.write(state)
            ready(state)
            Event().wait()
    except StopRequested:
        progress.say("Stopped.")


def raise_on_signals() -> None:
    """From now on the first stop signal raises `StopRequested` in the main thread; later ones are ignored."""
    for number in STOP_SIGNALS:
        signal.signal(number, _raise_stop)


def _raise_stop(_number: int, _frame: FrameType | None) -> None:
    for number in STOP_SIGNALS:  # the stop takes seconds; a second Ctrl-C must not break it off
        signal.signal(number, signal.SIG_IGN)
    raise StopRequested


def detach(layout: Layout, containers: bool, progress: Progress) -> StackState:
    """Start a supervisor in the background, in no terminal's session, and return when its stack is up.

    Raises `LocalStackError` with the supervisor's last words if it fails.
    """
    choose_programs(layout.nodes, progress, containers)  # downloads here, where a person sees the progress
    folder = StackFolder(layout.directory)
    folder.path.mkdir(parents=True, exist_ok=True)
    with progress.step("Starting MongoDB and Kafka"):
        supervisor = _spawn_supervisor(layout, folder.supervisor_log, containers)
        try:
            return _wait_until_up(folder, supervisor)
        except BaseException:
            supervisor.terminate()
            raise


def _spawn_supervisor(layout: Layout, log: Path, containers: bool) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "deploy.cli", "local", "up", "--dir", str(layout.directory),
               "--nodes", str(layout.nodes)] + (["--containers"] if containers else [])  # fmt: skip
    log.touch(mode=0o600)  # it prints the administrators' addresses
    with log.open("wb") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)


def _wait_until_up(folder: StackFolder, supervisor: subprocess.Popen[bytes]) -> StackState:
    deadline = monotonic() + START_TIMEOUT_S
    while True:
        state = folder.read()
        if state and state.supervisor_pid == supervisor.pid:
            return state
        if supervisor.poll() is not None:
            raise _what_it_said(folder.supervisor_log, supervisor.returncode)
        if monotonic() > deadline:
            raise LocalStackError(f"Not up after {START_TIMEOUT_S:.0f} s; see {folder.supervisor_log}.")
        sleep(ASK_EVERY_S)


def _what_it_said(log: Path, exit_code: int) -> LocalStackError:
    error = LocalStackError(log.read_text(errors="replace").strip())
    error.exit_code = max(exit_code, 1)  # negative when a signal ended it
    return error


def down(folder: StackFolder) -> bool:
    """Ask the folder's supervisor to stop and wait until it has. False when there was none."""
    pid = folder.supervisor()
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = monotonic() + DOWN_TIMEOUT_S
    while folder.supervisor() is not None:
        if monotonic() > deadline:
            raise LocalStackError(f"Process {pid} did not stop in {DOWN_TIMEOUT_S:.0f} s.")
        sleep(ASK_EVERY_S)
    return True
