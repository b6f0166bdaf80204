"""Whoever is asked to stop while it starts leaves in order, too."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
CATCHES = 1 << (signal.SIGTERM - 1)


@asynccontextmanager
async def starting(mongo_uri: str) -> AsyncIterator[Process]:
    """A worker whose database never says a word; killed at the end unless it ended before."""
    environment = {**os.environ, "PULANG_NOTIFY_LOCAL": "true", "PULANG_NOTIFY_MONGO_URI": mongo_uri}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.notify", "worker", env=environment, cwd=ROOT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def catches(process: Process) -> bool:
    """Whether it has a say in what SIGTERM does."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (mask,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(mask, 16) & CATCHES)


async def asked_to_stop(process: Process) -> int:
    """Its exit code."""
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(5):
        return await process.wait()


async def test_a_request_to_stop_that_comes_during_the_imports_is_no_failure() -> None:
    async with starting("mongodb://127.0.0.1:1/") as process:
        async with asyncio.timeout(20):
            while not catches(process):
                await asyncio.sleep(0.005)
        assert await asked_to_stop(process) == 0


async def test_a_request_to_stop_that_comes_while_the_database_is_waited_for_is_no_failure() -> None:
    met = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        met.set()
        await reader.read()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with starting(f"mongodb://127.0.0.1:{port}/") as process:
        async with asyncio.timeout(20):
            await met.wait()
        assert await asked_to_stop(process) == 0
    server.close()
