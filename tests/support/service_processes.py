"""The real services as processes of their own, each in all its roles, and who of them may be asked."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.addresses import Addresses
from tests.support.processes import ROOT, LedgerProcess

SERVICES = ("intake", "cases", "notify")


@dataclass
class Services:
    """Processes of one installation; none outlives the test."""

    stack: Addresses
    unique: str
    issuer: str
    logs: Path
    serving: dict[str, LedgerProcess] = field(default_factory=dict)
    """Of each service, the one that is sent requests."""
    started: list[LedgerProcess] = field(default_factory=list)

    def database(self, service: str) -> str:
        """The service's database."""
        return f"{self.unique}_{service}"

    async def start(self, service: str) -> LedgerProcess:
        """One more process of a service, once it listens."""
        log = self.logs / f"{service}-{len(self.started)}.log"
        with log.open("wb") as out:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"services.{service}", "all",
                cwd=ROOT, env={**os.environ, **self._environment(service)}, stdout=out, stderr=out,
                stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        process = LedgerProcess(child, log)
        self.started.append(process)
        return await process.ready()

    def address(self, service: str) -> str:
        """Where the one that is sent requests listens."""
        lines = (json.loads(line) for line in self.serving[service].printed().splitlines() if line.startswith("{"))
        port = next(line["port"] for line in lines if line["event"] == "started")
        return f"http://127.0.0.1:{port}"

    async def end(self) -> None:
        """Kill what is left."""
        for process in self.started:
            await process.kill()

    def _environment(self, service: str) -> Mapping[str, str]:
        given = {
            "LOCAL": "true",
            "MONGO_URI": self.stack.mongo_uri,
            "MONGO_DATABASE": self.database(service),
            "SUSPECTS_DATABASE": f"{self.unique}_suspects",
            "KAFKA_BOOTSTRAP": self.stack.kafka_bootstrap,
            "TOPIC_PREFIX": f"{self.unique}-",
            "HTTP_PORT": "0",
            "ISSUER": self.issuer,
            "JWKS_URL": f"{self.issuer}/jwks",
            "CONSUMER_SESSION_TIMEOUT_S": "6",
            "MAIL_TLS": "none",
        }
        return {f"PULANG_{service.upper()}_{name}": value for name, value in given.items()}
