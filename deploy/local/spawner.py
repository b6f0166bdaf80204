"""Child processes that cannot outlive us."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local.program import Program

TETHER = Path(__file__).with_name("tether.py")


class Spawner:
    """Starts child processes from one thread of its own.

    Linux sends a child its parent-death signal when the *thread* that forked it ends (prctl(2)), so a server
    restarted from some short-lived thread would die with that thread. This one lives until `close`.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

    def spawn(self, program: Program, log: Path) -> subprocess.Popen[bytes]:
        """Start `program` in a session of its own (Ctrl-C reaches us, not it), its output appended to `log`."""
        return self._thread.submit(_start, program, log).result()

    def close(self) -> None:
        """End the thread; children that still run get their parent-death signal."""
        self._thread.shutdown()


def _start(program: Program, log: Path) -> subprocess.Popen[bytes]:
    tether = [sys.executable, "-I", "-S", str(TETHER), str(int(program.on_parent_death)), str(os.getpid())]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*tether, *program.command], env={**os.environ, **program.env}, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
