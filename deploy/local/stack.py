"""The stack: a MongoDB replica set and a Kafka cluster of the same number of nodes."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import kafka, kafka_probe, mongod
from deploy.local.accounts import StackAccounts
from deploy.local.errors import ServerFailedError
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.process import Server
from deploy.local.program import Program, Programs
from deploy.local.progress import Progress
from deploy.local.spawner import Spawner
from shared.messaging.settings import Kafka

MIB = 1024 * 1024
STOP_TIMEOUT_S = 5.0  # then by force: the last of three brokers waits minutes for a quorum that is gone


@dataclass(frozen=True)
class Layout:
    """What a stack looks like: its data folder, nodes of each kind (1 or 3), and the two sizes tests change."""

    directory: Path
    nodes: int = 1
    message_max_bytes: int = 4 * MIB
    oplog_mb: int = 256

    @property
    def data(self) -> Path:
        """Where the servers' files are; another number of nodes has other files."""
        return self.directory.absolute() / f"nodes-{self.nodes}"


class Stack:
    """Real servers as child processes, up between `up` and `down` (or inside `with`), gone when we die.

    `mongods` and `brokers` are `Server` objects: `stop`, `kill`, `pause` and `start` one of them in a failure
    test. Data stays in the layout's folder, so a stack that comes up again finds what it had.
    """

    def __init__(self, layout: Layout, programs: Programs, progress: Progress) -> None:
        self.layout, self.source = layout, programs.source
        self._programs, self._progress = programs, progress
        self._spawner = Spawner()
        self._accounts = StackAccounts.of(layout.data)
        ports = iter(free_ports(4 * layout.nodes))
        self._brokers = [
            kafka.Broker(number + 1, next(ports), next(ports), self._folder("kafka", number), next(ports))
            for number in range(layout.nodes)
        ]
        self.mongods = [self._mongod(number, next(ports)) for number in range(layout.nodes)]
        self.brokers = [self._broker(broker) for broker in self._brokers]

    @property
    def servers(self) -> Sequence[Server]:
        """All of them."""
        return [*self.mongods, *self.brokers]

    @property
    def mongo_uri(self) -> str:
        """Connection string of the replica set, as its administrator."""
        return mongod.replica_set_uri(self._mongo_addresses, self._accounts.mongo_admin)

    @property
    def kafka_bootstrap(self) -> str:
        """The brokers, comma-separated, as their operator."""
        return self._as_operator(",".join(broker.address for broker in self._brokers))

    @property
    def partners_bootstrap(self) -> str:
        """Where partners reach the brokers, without an account."""
        return ",".join(broker.partners_address for broker in self._brokers)

    def up(self) -> None:
        """Start everything and return when all nodes serve. Raises `ServerFailedError`; nothing is left then."""
        try:
            for server in self.mongods:
                server.spawn()
            with self._progress.step("Starting Kafka"):
                self._format_brokers()
                for server in self.brokers:
                    server.spawn()
            with self._progress.step("Waiting until MongoDB takes writes"):
                self._form_replica_set()
            with self._progress.step("Waiting until Kafka answers"):
                self._wait_for_brokers()
        except BaseException:
            self.down()
            raise

    def down(self, discard: bool = False) -> None:
        """Stop everything, cleanly if it can be had in a few seconds; `discard` deletes the data, too."""
        for server in self.servers:
            server.terminate()
        for server in self.servers:
            server.stop(STOP_TIMEOUT_S)
        self._spawner.close()
        if discard:
            shutil.rmtree(self.layout.data, ignore_errors=True)

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def _mongo_addresses(self) -> Sequence[str]:
        return [server.address for server in self.mongods]

    def _folder(self, kind: str, number: int) -> Path:
        folder = self.layout.data / f"{kind}-{number + 1}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _mongod(self, number: int, port: int) -> Server:
        name, data = f"mongod-{number + 1}", self._folder("mongod", number)
        cache_gb = 0.5 if self.layout.nodes == 1 else 0.25
        options = mongod.mongod_options(data, port, cache_gb, self.layout.oplog_mb, key_file=self._accounts.mongo_key)
        program, address = self._programs.mongod(name, options, data), f"{LOOPBACK}:{port}"
        return self._server(name, address, program, partial(mongod.answers, address))

    def _broker(self, broker: kafka.Broker) -> Server:
        name = f"kafka-{broker.node_id}"
        program = self._programs.broker(name, self._properties(broker), broker.data)
        return self._server(name, broker.address, program, partial(kafka_probe.answers, self._reach(broker)))

    def _server(self, name: str, address: str, program: Program, answers: Callable[[], bool]) -> Server:
        return Server(name, address, program, self.layout.data / f"{name}.log", answers, self._spawner)

    def _as_operator(self, addresses: str) -> str:
        return f"{kafka.OPERATOR}:{self._accounts.kafka_operator}@{addresses}"

    def _reach(self, broker: kafka.Broker) -> Kafka:
        return Kafka(self._as_operator(broker.address))

    def _properties(self, broker: kafka.Broker) -> Path:
        return broker.data / "server.properties"

    def _format_brokers(self) -> None:
        """Write each node's properties (ports change), and prepare the data folders that are new."""
        for broker in self._brokers:
            values = kafka.properties(
                broker, self._brokers, self.layout.message_max_bytes, self._accounts.kafka_cluster
            )
            kafka.write_properties(self._properties(broker), values)
        new = [broker for broker in self._brokers if not (broker.data / "log" / "meta.properties").exists()]
        cluster_id = self._cluster_id()
        with ThreadPoolExecutor(max_workers=3) as threads:
            list(threads.map(lambda broker: self._format(broker, cluster_id), new))

    def _cluster_id(self) -> str:
        """The cluster's id, made once and kept beside the data."""
        kept = self.layout.data / "kafka-cluster-id"
        if not kept.exists():
            kept.write_text(kafka.new_cluster_id())
        return kept.read_text()

    def _format(self, broker: kafka.Broker, cluster_id: str) -> None:
        first = kafka.first_accounts(
            {kafka.OPERATOR: self._accounts.kafka_operator, kafka.CLUSTER: self._accounts.kafka_cluster}
        )
        command = self._programs.format_storage(self._properties(broker), cluster_id, broker.data, first)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServerFailedError(f"Kafka's data folder could not be prepared: {done.stdout}{done.stderr}")

    def _form_replica_set(self) -> None:
        for server in self.mongods:
            server.wait_until_ready()
        mongod.form_replica_set(self._mongo_addresses, self._accounts.mongo_admin)
        self.mongods[0].wait_until(lambda: mongod.is_settled(self._mongo_addresses))
        mongod.make_admin(self._mongo_addresses, self._accounts.mongo_admin)

    def _wait_for_brokers(self) -> None:
        everyone = frozenset(broker.address for broker in self._brokers)

        def knows_everyone(broker: kafka.Broker) -> bool:
            return kafka_probe.active_brokers(self._reach(broker)) == everyone

        for server, broker in zip(self.brokers, self._brokers, strict=True):
            server.wait_until(partial(knows_everyone, broker))
