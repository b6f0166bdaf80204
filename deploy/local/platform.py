"""The whole platform as child processes on a stack that is up: sign-in, mailbox, and each service's four roles."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import urlencode
from urllib.request import urlopen

from deploy.local.errors import LocalStackError
from deploy.local.http_probe import ASK_TIMEOUT_S, says_ok
from deploy.local.plan import ISSUER, MAILBOX, ROLES, SERVICES, Plan, process_name
from deploy.local.ports import LOOPBACK
from deploy.local.process import Server
from deploy.local.program import Program
from deploy.local.progress import Progress
from deploy.local.rings import make_ring
from deploy.local.spawner import Spawner

READY_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 12.0
"""A little more than a process's own grace; then by force."""


class Platform:
    """Up between `up` and `down` (or inside `with`); its processes are gone when we die.

    `processes` are `Server` objects by name (`issuer`, `mailbox`, `cases-worker`, …): tests stop and kill them.
    `provider` is the plan's identity provider, where it has one; it may still be starting. `loading` are operator's
    commands that need the databases alone; they are run while the processes start.
    """

    def __init__(
        self,
        plan: Plan,
        progress: Progress,
        provider: Server | None = None,
        loading: Sequence[Sequence[str]] = (),
    ) -> None:
        self.plan, self._progress, self._loading = plan, progress, loading
        self._spawner = Spawner()
        for folder in (plan.logs, plan.mail):
            folder.mkdir(parents=True, exist_ok=True)
        for ring in (*(plan.ring(service, "master_key") for service in SERVICES), plan.ring("intake", "index_key")):
            make_ring(ring)
        self.processes = {ISSUER: provider or self._issuer(), MAILBOX: self._mailbox()}
        for service in SERVICES:
            for role in ROLES:
                self.processes[process_name(service, role)] = self._service(service, role)

    def up(self) -> None:
        """Start everything and return when all of it is ready. Raises `LocalStackError`; nothing is left then."""
        try:
            with self._progress.step(f"Starting {len(self.processes)} processes"):
                self._start()
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """Stop everything, in order if it can be had in a few seconds."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.stop(STOP_TIMEOUT_S)
        self._spawner.close()

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def token(self, person: str) -> str:
        """Sign in as this member of staff; answers a bearer token that lives for minutes."""
        form = urlencode(self.plan.sign_in.as_person(person)).encode()
        with urlopen(self.plan.sign_in.token_url, form, timeout=ASK_TIMEOUT_S) as answer:  # noqa: S310 - our own address
            return str(json.load(answer)["access_token"])

    def restart(self) -> None:
        """End all services' processes in order and start them again, as a roll-out of new settings would."""
        services = [self.processes[process_name(service, role)] for service in SERVICES for role in ROLES]
        with self._progress.step(f"Restarting {len(services)} processes"):
            for process in services:
                process.terminate()
            for process in services:
                process.stop(STOP_TIMEOUT_S)
                process.spawn()
            for process in services:
                process.wait_until_ready(READY_TIMEOUT_S)

    def operators_settings(self) -> Mapping[str, str]:
        """What the operator's command `pulang` needs in its environment on this platform."""
        own = {name: value for service in SERVICES for name, value in self.plan.environment(service).items()}
        return {**own, **self.plan.operator()}

    def operate(self, *arguments: str) -> str:
        """Run the operator's command `pulang` on this platform; answers what it printed.

        Raises `LocalStackError` with its complaint when it ends with another code than 0.
        """
        command = [sys.executable, "-m", "deploy.cli", *arguments]
        done = subprocess.run(
            command, env={**os.environ, **self.operators_settings()}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise LocalStackError(f"pulang {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def operate_all(self, commands: Sequence[Sequence[str]]) -> list[str]:
        """Run several of the operator's commands side by side; raises as `operate` does."""
        with ThreadPoolExecutor(max_workers=max(1, len(commands))) as threads:
            return list(threads.map(lambda command: self.operate(*command), commands))

    def _start(self) -> None:
        for name in (ISSUER, MAILBOX):
            self.processes[name].spawn()
        # A service without its topics or its accounts would not become ready.
        self.operate_all([["topics", "apply"], *([["acl", "apply"]] if self.plan.guarded else [])])
        for process in self.processes.values():
            process.spawn()
        self.operate_all(self._loading)
        for process in self.processes.values():
            process.wait_until_ready(READY_TIMEOUT_S)

    def _issuer(self) -> Server:
        data, port = self.plan.folder / ISSUER, self.plan.ports[ISSUER]
        command = ["-m", "deploy.local.issuer", "--data-dir", str(data), "--port", str(port)]
        return self._process(ISSUER, command, partial(says_ok, self.plan.sign_in.jwks_url))

    def _mailbox(self) -> Server:
        port = self.plan.ports[MAILBOX]
        command = ["-m", "deploy.local.mailbox", "--dir", str(self.plan.mail), "--port", str(port)]
        return self._process(MAILBOX, command, partial(_takes_connections, port))

    def _service(self, service: str, role: str) -> Server:
        name = process_name(service, role)
        ready = partial(says_ok, f"{self.plan.url(name)}/health/ready")
        return self._process(name, ["-m", f"services.{service}", role], ready, self.plan.environment(service, role))

    def _process(
        self, name: str, arguments: Sequence[str], ready: Callable[[], bool], env: Mapping[str, str] | None = None
    ) -> Server:
        program = Program([sys.executable, *arguments], env or {})
        address = f"{LOOPBACK}:{self.plan.ports[name]}"
        return Server(name, address, program, self.plan.logs / f"{name}.log", ready, self._spawner)


def _takes_connections(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), ASK_TIMEOUT_S):
            return True
    except OSError:
        return False
