"""Apache Kafka in KRaft mode: its jars, how Java runs them, and one node's properties."""

import base64
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.cache import cache_home, cached_folder
from deploy.local.errors import MissingToolError
from deploy.local.progress import Progress

VERSION = "4.3.1"
POM = Path(__file__).with_name("pom.xml")
OLDEST_JAVA = 17  # Kafka 4 brokers need it
OPERATOR, CLUSTER = "operator", "cluster"
"""The principals that no rule binds: who administers, and the nodes among themselves."""
SCRAM = "SCRAM-SHA-512"
_LOGIN = "org.apache.kafka.common.security"


def find_jars(progress: Progress, home: Path | None = None) -> Path:
    """The folder with Kafka's jars in the cache, downloaded with Maven the first time."""
    folder = f"kafka-{VERSION}"
    return cached_folder(folder, lambda target: _download(target, progress), home or cache_home())


def _download(target: Path, progress: Progress) -> None:
    maven = shutil.which("mvn")
    if not maven:
        raise MissingToolError("Install Maven (`mvn`), or start a Docker engine.")
    command = [maven, "--batch-mode", "--quiet", "--file", str(POM), f"-Dkafka.version={VERSION}",
               "dependency:copy-dependencies", f"-DoutputDirectory={target}"]  # fmt: skip
    with progress.step(f"Downloading Apache Kafka {VERSION} (54 MB, once)"):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingToolError(f"Kafka could not be downloaded with Maven: {done.stdout.strip()[-600:]}")


def jars_are_cached(home: Path | None = None) -> bool:
    """Whether the jars are in the cache already."""
    return ((home or cache_home()) / f"kafka-{VERSION}").exists()


def java_is_new_enough() -> bool:
    """Whether a Java 17 or newer is on PATH."""
    java = shutil.which("java")
    if not java:
        return False
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = said.split('"')[1] if '"' in said else "0"
    return int(version.split(".")[0].split("-")[0]) >= OLDEST_JAVA


def java_command(jars: Path, heap_mb: int) -> list[str]:
    """How a class in `jars` is run. The quick compiler only: these brokers live for minutes, on few cores."""
    return ["java", f"-Xms{min(128, heap_mb)}m", f"-Xmx{heap_mb}m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
            "-cp", f"{jars}/*"]  # fmt: skip


def new_cluster_id() -> str:
    """A random id as Kafka writes them: 16 bytes, URL-safe base64 without padding.

    None begins with "-", as with Kafka's own: its tools would take it for an option.
    """
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if not text.startswith("-"):
            return text


@dataclass(frozen=True)
class Broker:
    """One combined controller and broker: its id (from 1), ports and data folder."""

    node_id: int
    port: int
    controller_port: int
    data: Path
    partners_port: int = 0

    @property
    def address(self) -> str:
        """Where our own services reach it."""
        return f"127.0.0.1:{self.port}"

    @property
    def partners_address(self) -> str:
        """Where partner agencies reach it."""
        return f"127.0.0.1:{self.partners_port}"


def properties(broker: Broker, cluster: Sequence[Broker], message_max_bytes: int, password: str) -> Mapping[str, str]:
    """server.properties of one node of `cluster`, set for quick tests and small machines.

    Everybody has to sign in and may do what a rule allows; `password` is the nodes' own.
    """
    return {
        "process.roles": "broker,controller",
        "node.id": str(broker.node_id),
        "controller.quorum.voters": ",".join(f"{b.node_id}@127.0.0.1:{b.controller_port}" for b in cluster),
        "controller.listener.names": "CONTROLLER",
        **_guarded(broker, password),
        "log.dirs": str(broker.data / "log"),
        "message.max.bytes": str(message_max_bytes),
        "replica.fetch.max.bytes": str(message_max_bytes),
        **_replication(len(cluster)),
        **_QUICK,
    }


def _guarded(broker: Broker, password: str) -> Mapping[str, str]:
    """Partners and services come in by listeners of their own, so that a firewall can tell them apart.

    Nodes sign in to each other as `cluster`: to brokers by SCRAM, to controllers by PLAIN, since a controller reads
    SCRAM's accounts from the very log that it has yet to agree on.
    """
    own = f'username="{CLUSTER}" password="{password}"'
    clients = f"SERVICES://{broker.address},PARTNERS://{broker.partners_address}"
    return {
        "listeners": f"{clients},CONTROLLER://127.0.0.1:{broker.controller_port}",
        "advertised.listeners": clients,
        "inter.broker.listener.name": "SERVICES",
        "listener.security.protocol.map": ",".join(
            f"{listener}:SASL_PLAINTEXT" for listener in ("SERVICES", "PARTNERS", "CONTROLLER")
        ),
        "sasl.enabled.mechanisms": SCRAM,
        "sasl.mechanism.inter.broker.protocol": SCRAM,
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.services.scram-sha-512.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required {own};",
        "listener.name.partners.scram-sha-512.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": (
            f'{_LOGIN}.plain.PlainLoginModule required {own} user_{CLUSTER}="{password}";'
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{OPERATOR};User:{CLUSTER}",
    }


def _replication(nodes: int) -> Mapping[str, str]:
    """Every topic on all nodes (at most three); with three, one may be away and acknowledged writes go on."""
    copies, in_sync = str(min(nodes, 3)), str(2 if nodes >= 3 else 1)
    return {
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


_QUICK: Mapping[str, str] = {
    "auto.create.topics.enable": "false",  # topics are declared; a misspelt one must be an error
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",  # a killed broker's partitions move after 3 s instead of 9
    "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),  # 128 MB would be a third of the heap
}


def write_properties(path: Path, values: Mapping[str, str]) -> None:
    """Write a Java properties file; it may hold a password."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text("".join(f"{key}={value}\n" for key, value in values.items()))


def first_accounts(passwords: Mapping[str, str]) -> list[str]:
    """The storage tool's options that put these accounts into an empty cluster; all others are made by the operator."""
    return [
        word
        for name, password in passwords.items()
        for word in ("--add-scram", f"{SCRAM}=[name={name},password={password}]")
    ]
