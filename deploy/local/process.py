"""One server as a child process: start, stop, kill, pause, and start again at the same address."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

from deploy.local.errors import ServerFailedError
from deploy.local.logs import telling_lines
from deploy.local.program import Program
from deploy.local.spawner import Spawner

ASK_EVERY_S = 0.05


class Server:
    """A server process that can be started, stopped, killed and started again at the same address.

    `name` is unique in its stack ("mongod-1"), `address` is "host:port", `answers` asks the server itself
    whether it serves and must be quick; `log` is the file its output goes to.
    """

    def __init__(
        self, name: str, address: str, program: Program, log: Path, answers: Callable[[], bool], spawner: Spawner
    ) -> None:
        self.name, self.address, self.log = name, address, log
        self._program, self._answers, self._spawner = program, answers, spawner
        self._process: subprocess.Popen[bytes] | None = None
        self._paused = False

    @property
    def pid(self) -> int | None:
        """Process id, None before the first start."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether the process runs (it may not answer yet)."""
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        """Start the process and return at once."""
        if not self.alive:
            self._clean_up()
            self._process, self._paused = self._spawner.spawn(self._program, self.log), False

    def wait_until_ready(self, timeout_s: float = 60.0) -> None:
        """Ask until it answers. Raises `ServerFailedError` when it ends or the time is over."""
        self.wait_until(self._answers, timeout_s)

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Ask `condition` until it holds, as long as the process lives."""
        deadline = monotonic() + timeout_s
        while not condition():
            if not self.alive:
                raise ServerFailedError(f"{self.name} ended; {self._excerpt()}")
            if monotonic() > deadline:
                raise ServerFailedError(f"{self.name} not ready in {timeout_s:.0f} s; {self._excerpt()}")
            sleep(ASK_EVERY_S)

    def start(self) -> None:
        """Start and wait until it answers."""
        self.spawn()
        self.wait_until_ready()

    def terminate(self) -> None:
        """Ask it to end (SIGTERM) and return at once."""
        if self.alive and self._process:
            self._process.terminate()
            if self._paused:  # a frozen one takes no signal before it goes on
                self.resume()

    def stop(self, timeout_s: float = 15.0) -> None:
        """End it cleanly; by force after `timeout_s`."""
        self.terminate()
        if self._process:
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL), and wait until it is gone."""
        if self._process:
            self._clean_up()
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): it holds its connections and answers nothing."""
        self._signal(signal.SIGSTOP)
        self._paused = True

    def resume(self) -> None:
        """Let a frozen one go on (SIGCONT)."""
        self._signal(signal.SIGCONT)
        self._paused = False

    def _clean_up(self) -> None:
        if self._program.clean_up:
            subprocess.run(self._program.clean_up, check=False, capture_output=True)

    def _signal(self, number: signal.Signals) -> None:
        if self._program.signal_with:
            subprocess.run(self._program.signal_with(number.name), check=True, capture_output=True)
        elif self._process:
            self._process.send_signal(number)

    def _excerpt(self) -> str:
        return "\n".join([f"from {self.log}:", *telling_lines(self.log)])
