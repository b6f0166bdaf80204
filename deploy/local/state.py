"""What other processes can know of a running stack: one file with its addresses, and who holds its folder."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from deploy.local.errors import AlreadyRunningError
from deploy.local.stack import Stack


@dataclass(frozen=True)
class ServerState:
    """One server: name, "host:port", process id, log file."""

    name: str
    address: str
    pid: int
    log: str

    @property
    def alive(self) -> bool:
        """Whether a process of this id runs. (Ids are reused only after the stack's folder is released.)"""
        return process_runs(self.pid)


@dataclass(frozen=True)
class StackState:
    """A stack that is up: who supervises it, where it answers (as its administrators), and its servers."""

    supervisor_pid: int
    source: str
    nodes: int
    mongo_uri: str
    kafka_bootstrap: str
    partners_bootstrap: str
    servers: Sequence[ServerState]

    @classmethod
    def of(cls, stack: Stack) -> "StackState":
        """The state of `stack`, supervised by this process."""
        servers = [ServerState(s.name, s.address, s.pid or 0, str(s.log)) for s in stack.servers]
        addresses = (stack.mongo_uri, stack.kafka_bootstrap, stack.partners_bootstrap)
        return cls(os.getpid(), stack.source, stack.layout.nodes, *addresses, servers)

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it, with `alive` for each server."""
        servers = [{**asdict(server), "alive": server.alive} for server in self.servers]
        return {**asdict(self), "servers": servers}


class StackFolder:
    """A stack's data folder seen by any process: its state file, and a lock held while the stack lives."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.supervisor_log = self.path / "supervisor.log"
        self._state, self._lock = self.path / "stack.json", self.path / "lock"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Own the folder; the kernel gives it back when we die. Raises `AlreadyRunningError` if another has it."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+") as lock:
            if not _locked(lock):
                raise AlreadyRunningError(f"A stack in {self.path} is already running; see `pulang local status`.")
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            try:
                yield
            finally:
                self._state.unlink(missing_ok=True)

    def supervisor(self) -> int | None:
        """Process id of whoever holds the folder now, None when nobody does."""
        if not self._lock.exists():
            return None
        with self._lock.open("r") as lock:
            if _locked(lock):
                return None
            return int(lock.read() or 0) or None

    def write(self, state: StackState) -> None:
        """Publish the state; a reader sees all of it or the one before."""
        draft = self._state.with_suffix(".new")
        draft.touch(mode=0o600)  # the addresses carry the administrators' passwords
        draft.write_text(json.dumps(asdict(state), indent=2))
        draft.replace(self._state)

    def read(self) -> StackState | None:
        """The state of the stack that is up here, None when none is (or is still starting)."""
        if self.supervisor() is None or not self._state.exists():
            return None
        raw = json.loads(self._state.read_text())
        return StackState(**{**raw, "servers": [ServerState(**server) for server in raw["servers"]]})

    def discard(self) -> None:
        """Delete what a stack keeps here, and nothing else that may be in a folder someone named."""
        for data in self.path.glob("nodes-[0-9]*"):
            shutil.rmtree(data, ignore_errors=True)
        for file in (self._state, self._lock, self.supervisor_log):
            file.unlink(missing_ok=True)
        with suppress(OSError):  # not empty, or not there
            self.path.rmdir()


def _locked(handle: IO[str]) -> bool:
    """Try to lock; True when we have it now (until the file is closed)."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def process_runs(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"
