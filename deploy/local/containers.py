"""The same servers out of containers, where this machine lacks Java or Maven but a Docker engine answers.

They run on the host's network with the host's paths and our user id, so that addresses, data folders and
configuration are exactly those of plain processes; the `docker run` in the foreground stands for the server.
"""

import os
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.program import Program, Programs

KAFKA_BIN = "/opt/kafka/bin"
DEFAULT_KAFKA = "apache/kafka:4.3.1"
DEFAULT_MONGO = "mongo:8.0"


@dataclass(frozen=True)
class Images:
    """The two images."""

    kafka: str = DEFAULT_KAFKA
    mongo: str = DEFAULT_MONGO

    @classmethod
    def from_environment(cls) -> "Images":
        """KAFKA_IMAGE and MONGO_IMAGE, or the official images."""
        return cls(os.environ.get("KAFKA_IMAGE", DEFAULT_KAFKA), os.environ.get("MONGO_IMAGE", DEFAULT_MONGO))


def engine_answers() -> bool:
    """Whether `docker` is here and its engine answers."""
    if not shutil.which("docker"):
        return False
    asked = subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, check=False)
    return asked.returncode == 0


class ContainerPrograms(Programs):
    """Programs out of images."""

    source = "containers"

    def __init__(self, images: Images, nodes: int) -> None:
        self._images, self._heap_mb = images, 512 if nodes == 1 else 384
        self._prefix = f"pulang-local-{uuid.uuid4().hex[:8]}"

    def mongod(self, name: str, options: Sequence[str], data: Path) -> Program:
        """See `Programs`."""
        # Not the image's entrypoint: started by root, it changes to a user to whom our folder does not belong.
        return self._program(name, data, {}, ["--entrypoint", "mongod", self._images.mongo, *options])

    def broker(self, name: str, properties: Path, data: Path) -> Program:
        """See `Programs`."""
        start = [self._images.kafka, f"{KAFKA_BIN}/kafka-server-start.sh", str(properties)]
        return self._program(name, data, self._kafka_environment(data), start)

    def format_storage(self, properties: Path, cluster_id: str, data: Path, accounts: Sequence[str]) -> Sequence[str]:
        """See `Programs`."""
        tool = [self._images.kafka, f"{KAFKA_BIN}/kafka-storage.sh", "format", "--cluster-id", cluster_id,
                "--config", str(properties), *accounts]  # fmt: skip
        return [*_docker_run(data, self._kafka_environment(data)), *tool]

    def _program(self, name: str, data: Path, env: Mapping[str, str], command: Sequence[str]) -> Program:
        container = f"{self._prefix}-{name}"
        run = [*_docker_run(data, env), "--name", container, *command]
        return Program(
            run,
            clean_up=["docker", "rm", "--force", container],
            signal_with=lambda name: ["docker", "kill", "--signal", name, container],
        )

    def _kafka_environment(self, data: Path) -> Mapping[str, str]:
        # Its scripts write logs below /opt/kafka, where a user id that the image doesn't know may not write.
        return {"LOG_DIR": str(data / "logs"), "KAFKA_HEAP_OPTS": f"-Xmx{self._heap_mb}m"}


def _docker_run(data: Path, env: Mapping[str, str]) -> list[str]:
    variables = [word for key, value in env.items() for word in ("--env", f"{key}={value}")]
    return ["docker", "run", "--rm", "--network", "host", "--user", f"{os.getuid()}:{os.getgid()}",
            "--volume", f"{data}:{data}", *variables]  # fmt: skip
