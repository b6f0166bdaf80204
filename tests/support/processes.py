"""Starting, killing and stopping the ledger's processes."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.addresses import Addresses

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL
CRASHED = 137
LOST_S = 60.0


@dataclass
class Processes:
    """All ledger processes of one test; none outlives it."""

    addresses: Addresses
    database: str
    prefix: str
    logs: Path
    started: list["LedgerProcess"] = field(default_factory=list)

    async def start(
        self, *more: str, role: str = "all", env: Mapping[str, str] | None = None, **options: object
    ) -> "LedgerProcess":
        """Start one; `options` are its arguments, `crash_at` for example, and `env` is added to our environment."""
        log = self.logs / f"ledger-{len(self.started)}.log"
        known = {"mongo": self.addresses.mongo_uri, "kafka": self.addresses.kafka_bootstrap}
        given = {**known, "database": self.database, "prefix": self.prefix, "role": role, **options}
        words = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
        with log.open("wb") as out:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.support.ledger_process", *words, *more,
                cwd=ROOT, env={**os.environ, **(env or {})}, stdout=out, stderr=out, stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        process = LedgerProcess(child, log)
        self.started.append(process)
        return process

    async def end(self) -> None:
        """Kill what is left."""
        for process in self.started:
            await process.kill()


@dataclass
class LedgerProcess:
    """One child process and what it has printed."""

    child: asyncio.subprocess.Process
    log: Path

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.child.returncode is None

    def printed(self) -> str:
        """Its log so far."""
        return self.log.read_text(errors="replace")

    async def ready(self) -> "LedgerProcess":
        """Wait until all its parts were started."""
        await self._until('"event":"started"')
        return self

    async def kill(self) -> None:
        """SIGKILL, no clean-up at all."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.child.pid, signal.SIGKILL)
        await self.child.wait()

    async def ended(self, within_s: float = LOST_S) -> int:
        """Its exit code, once it has one."""
        async with asyncio.timeout(within_s):
            return await self.child.wait()

    async def terminate(self, within_s: float = 10.0) -> float:
        """SIGTERM; answers how many seconds the orderly way out took. Any other way out is an AssertionError."""
        began = time.monotonic()
        self.child.send_signal(signal.SIGTERM)
        try:
            code = await self.ended(within_s)
        except TimeoutError:
            raise AssertionError(f"still there {within_s} s after SIGTERM\n{self.printed()[-2000:]}") from None
        assert code == 0, f"exit code {code}\n{self.printed()[-2000:]}"
        return time.monotonic() - began

    async def _until(self, words: str, within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while words not in self.printed().replace('": "', '":"'):
                assert self.alive, self.printed()[-2000:]
                await asyncio.sleep(0.05)
