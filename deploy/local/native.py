"""Servers as plain processes: a mongod, and Kafka's jars under Java."""

import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

from deploy.local import kafka, mongod
from deploy.local.program import Program, Programs
from deploy.local.progress import Progress

BROKER_HEAP_MB = 512
CLUSTER_BROKER_HEAP_MB = 384  # three of them on one small machine


class NativePrograms(Programs):
    """Programs of this machine; they are downloaded when this object is made, if they have to be."""

    source = "processes"

    def __init__(self, nodes: int, progress: Progress, home: Path | None = None) -> None:
        self._mongod = mongod.find_mongod(progress, home)
        self._jars = kafka.find_jars(progress, home)
        self._heap_mb = BROKER_HEAP_MB if nodes == 1 else CLUSTER_BROKER_HEAP_MB

    def mongod(self, name: str, options: Sequence[str], data: Path) -> Program:
        """See `Programs`."""
        return Program([str(self._mongod), *options])

    def broker(self, name: str, properties: Path, data: Path) -> Program:
        """See `Programs`. Killed at once with us: alone, its orderly end waits minutes for a lost quorum."""
        command = [*kafka.java_command(self._jars, self._heap_mb), "kafka.Kafka", str(properties)]
        return Program(command, on_parent_death=signal.SIGKILL)

    def format_storage(self, properties: Path, cluster_id: str, data: Path, accounts: Sequence[str]) -> Sequence[str]:
        """See `Programs`."""
        return [*kafka.java_command(self._jars, heap_mb=128), "kafka.tools.StorageTool", "format",
                "--cluster-id", cluster_id, "--config", str(properties), *accounts]  # fmt: skip


def native_is_possible() -> bool:
    """Whether this machine has a Java 17 and Kafka's jars, or Maven to get them with."""
    return kafka.java_is_new_enough() and (kafka.jars_are_cached() or shutil.which("mvn") is not None)
