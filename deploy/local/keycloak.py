"""Keycloak: where its files come from, how Java runs it, and the realm that it gets on this machine."""

import json
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.local.cache import cache_home, cached_folder
from deploy.local.errors import MissingToolError
from deploy.local.http_probe import says_ok
from deploy.local.kafka import java_is_new_enough
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.process import Server
from deploy.local.program import Program
from deploy.local.progress import Progress
from deploy.local.sign_in import SignIn
from deploy.local.spawner import Spawner
from shared.security.tokens import PERSON_CLAIM, WEB_CLIENT

VERSION = "26.7.3"
REALM_FILE = Path(__file__).parents[1] / "keycloak" / "realm.json"
"""The realm as it is deployed: no people, no secrets. Keycloak makes the clients' secrets at the import."""
HEAP_MB = 512
STOP_TIMEOUT_S = 5.0
CLASSES = "classes.jsa"
QUICK_HASHES = "hashAlgorithm(pbkdf2-sha256) and hashIterations(1)"
"""Slow hashes protect passwords that people choose. The local ones are random, live for minutes, and cost seconds."""

_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
_OPENED = ("java.util", "java.util.concurrent", "java.security", "java.lang")


@dataclass(frozen=True)
class Distribution:
    """Keycloak in the cache: the built program, and what a first start left, which later ones need not do again."""

    program: Path
    started: Path


def find_distribution(progress: Progress, home: Path | None = None) -> Distribution:
    """Downloaded with Maven, built and started once the first time."""
    name, cache = f"keycloak-{VERSION}", home or cache_home()
    program = cached_folder(name, partial(_install, progress=progress), cache) / name
    return Distribution(program, cached_folder(f"{name}-started", partial(_start_once, program, progress), cache))


def _install(target: Path, progress: Progress) -> None:
    """Download, unpack and build."""
    if not (shutil.which("mvn") and java_is_new_enough()):
        raise MissingToolError("Install a JDK 17 or newer and Maven (`mvn`): the sign-in server needs them.")
    kc = target / f"keycloak-{VERSION}" / "bin" / "kc.sh"
    with progress.step(f"Downloading and building Keycloak {VERSION} (177 MB, once)"):
        _run(["mvn", "--batch-mode", "--quiet", _COPY, f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={target}"])
        for archive in target.glob("*.zip"):
            shutil.unpack_archive(archive, target)
            archive.unlink()
        _run(["sh", str(kc), "build", "--db=dev-file"])


def _start_once(program: Path, progress: Progress, target: Path) -> None:
    """Import nothing: that leaves a database with all its tables, and an archive of the classes that Java has read by
    then (JEP 350), which together would cost each start 8 s. A Java that the archive does not fit leaves it alone."""
    (target / "nothing").mkdir()
    _link_program(target, program)
    archive = f"-XX:ArchiveClassesAtExit={target / CLASSES}"
    with progress.step("Starting Keycloak for the first time (once)"):
        _run([*_java(target, program, archive), "import", "--optimized", f"--dir={target / 'nothing'}"])


def _link_program(home: Path, program: Path) -> None:
    for part in ("lib", "conf", "providers", "themes"):
        (home / part).symlink_to(program / part)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingToolError(f"Keycloak could not be made ready: {(done.stdout + done.stderr).strip()[-600:]}")


def java_command(home: Path, distribution: Distribution, port: int) -> list[str]:
    """How Keycloak is run from `home`. What `kc.sh` does, without a shell between us and the server."""
    archive = f"-XX:SharedArchiveFile={distribution.started / CLASSES}"
    return [*_java(home, distribution.program, archive), "start", "--optimized", "--cache=local", "--import-realm",
            "--http-enabled=true", f"--http-host={LOOPBACK}", f"--http-port={port}",
            f"--hostname=http://{LOOPBACK}:{port}"]  # fmt: skip


def _java(home: Path, program: Path, archive: str) -> list[str]:
    """The archive holds for classes from this very path alone, so that is the cached program's and not the home's."""
    return ["java", archive, "-Xms64m", f"-Xmx{HEAP_MB}m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
            "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
            "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
            "-Djava.util.logging.manager=org.jboss.logmanager.LogManager", "-Dpicocli.disable.closures=true",
            f"-Dkc.home.dir={home}", f"-Djboss.server.config.dir={home / 'conf'}",
            *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED), "--enable-native-access=ALL-UNNAMED",
            "-cp", str(program / "lib" / "quarkus-run.jar"),
            "io.quarkus.bootstrap.runner.QuarkusEntryPoint"]  # fmt: skip


def local_realm(deployed: Mapping[str, Any], passwords: Mapping[str, str]) -> dict[str, Any]:
    """The deployed realm with what only this machine may have: people with made-up passwords, quick hashes of them and
    no second factor, known secrets of the partners' clients, sign-in by password alone, a web client at any port."""
    clients = [_local_client(client, passwords) for client in deployed["clients"]]
    known = {client["clientId"] for client in clients}
    users = [_local_user(person, password) for person, password in passwords.items() if person not in known]
    policy = f"{deployed['passwordPolicy']} and {QUICK_HASHES}"
    return {**deployed, "clients": clients, "users": users, "passwordPolicy": policy}


def _local_client(client: Mapping[str, Any], passwords: Mapping[str, str]) -> dict[str, Any]:
    if client["clientId"] == WEB_CLIENT:
        return {**client, "directAccessGrantsEnabled": True, "redirectUris": [f"http://{LOOPBACK}:*"]}
    return {**client, "secret": passwords[client["clientId"]]}


def _local_user(person: str, password: str) -> dict[str, Any]:
    # User names have no capital letters in Keycloak, so the reference is an attribute of its own.
    return {
        "username": person.lower(),
        "enabled": True,
        "attributes": {PERSON_CLAIM: [person]},
        "credentials": [{"type": "password", "value": password}],
    }


class Keycloak:
    """A real identity provider as a child process: started (not yet ready) inside `with`, gone when we die.

    `people` are the references that can sign in. It keeps nothing: people, passwords and keys are new each time.
    """

    def __init__(self, folder: Path, people: Iterable[str], distribution: Distribution) -> None:
        self._home, self._distribution, self._spawner = folder.absolute() / "keycloak", distribution, Spawner()
        log = folder.absolute() / "logs" / "keycloak.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        self._deployed = json.loads(REALM_FILE.read_text())
        partners = (c["clientId"] for c in self._deployed["clients"] if c["clientId"] != WEB_CLIENT)
        passwords = {name: secrets.token_urlsafe(24) for name in (*people, *partners)}
        port = free_ports(1)[0]
        realm = f"http://{LOOPBACK}:{port}/realms/{self._deployed['realm']}"
        self.sign_in = SignIn(
            issuer=realm,
            jwks_url=f"{realm}/protocol/openid-connect/certs",
            token_url=f"{realm}/protocol/openid-connect/token",
            secrets=passwords,
        )
        self.server = Server(
            "keycloak", f"{LOOPBACK}:{port}", Program(java_command(self._home, distribution, port)), log,
            partial(says_ok, self.sign_in.jwks_url), self._spawner,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._prepare_home()
        self.server.spawn()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop(STOP_TIMEOUT_S)
        self._spawner.close()
        shutil.rmtree(self._home)

    def _prepare_home(self) -> None:
        """A home of its own around the shared program: its realm's file holds passwords, so nobody else reads it."""
        shutil.rmtree(self._home, ignore_errors=True)
        imported = self._home / "data" / "import"
        imported.mkdir(parents=True)
        self._home.chmod(0o700)
        shutil.copytree(self._distribution.started / "data" / "h2", self._home / "data" / "h2")
        _link_program(self._home, self._distribution.program)
        realm = local_realm(self._deployed, self.sign_in.secrets)
        (imported / f"{realm['realm']}-realm.json").write_text(json.dumps(realm))
