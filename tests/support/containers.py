"""MongoDB and Kafka out of containers, through testcontainers, for a test run.

They have the local stack's configuration and accounts: a test that passes there meets the same rules here. Like those
of `pulang local`, they run on the host's network, with the host's paths and our user id, so that every address is
right on both sides and the files with passwords stay ours.
"""

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep

from testcontainers.core.container import DockerContainer

from deploy.local import kafka, kafka_probe, mongod
from deploy.local.accounts import StackAccounts
from deploy.local.containers import KAFKA_BIN, Images
from deploy.local.ports import LOOPBACK, free_ports
from shared.messaging.settings import Kafka
from tests.support.addresses import Addresses

READY_S = 90.0
MESSAGE_MAX_BYTES = 4 * 1024 * 1024


@contextmanager
def containers(images: Images, folder: Path) -> Iterator[Addresses]:
    """One mongod and one broker with their data and passwords in this folder; they are gone at the end."""
    accounts = StackAccounts.of(folder)
    mongo_port, kafka_port, controller_port, partners_port = free_ports(4)
    mongo = f"{LOOPBACK}:{mongo_port}"
    broker = kafka.Broker(1, kafka_port, controller_port, folder / "kafka", partners_port)
    operator = Kafka(f"{kafka.OPERATOR}:{accounts.kafka_operator}@{broker.address}")
    with ExitStack() as running:
        running.enter_context(_mongo(images.mongo, mongo_port, folder, accounts))
        running.enter_context(_kafka(images.kafka, broker, folder, accounts))
        _wait_for_mongo(mongo, accounts.mongo_admin)
        _wait(lambda: kafka_probe.answers(operator), "Kafka")
        yield Addresses(
            mongo_uri=mongod.replica_set_uri([mongo], accounts.mongo_admin),
            kafka_bootstrap=operator.bootstrap,
            kafka_partners=broker.partners_address,
        )


def _mongo(image: str, port: int, folder: Path, accounts: StackAccounts) -> DockerContainer:
    data = folder / "mongod"
    data.mkdir()
    options = mongod.mongod_options(data, port, cache_gb=0.5, oplog_mb=256, key_file=accounts.mongo_key)
    return _container(image, folder, ["mongod", *options])


def _kafka(image: str, broker: kafka.Broker, folder: Path, accounts: StackAccounts) -> DockerContainer:
    properties = broker.data / "server.properties"
    kafka.write_properties(properties, kafka.properties(broker, [broker], MESSAGE_MAX_BYTES, accounts.kafka_cluster))
    first = kafka.first_accounts({kafka.OPERATOR: accounts.kafka_operator, kafka.CLUSTER: accounts.kafka_cluster})
    config = ["--config", str(properties)]
    format_ = [f"{KAFKA_BIN}/kafka-storage.sh", "format", "--cluster-id", kafka.new_cluster_id(), *config, *first]
    start = f"{shlex.join(format_)} && exec {KAFKA_BIN}/kafka-server-start.sh {properties}"
    # Its scripts write logs below /opt/kafka, where a user id that the image doesn't know may not write.
    environment = {"LOG_DIR": str(broker.data / "logs"), "KAFKA_HEAP_OPTS": "-Xmx512m"}
    return _container(image, folder, ["bash", "-c", start]).with_envs(**environment)


def _container(image: str, folder: Path, command: list[str]) -> DockerContainer:
    container = DockerContainer(image).with_volume_mapping(str(folder), str(folder), "rw")
    user = f"{os.getuid()}:{os.getgid()}"
    return container.with_kwargs(network_mode="host", user=user, entrypoint=command[:1]).with_command(command[1:])


def _wait_for_mongo(address: str, admins_password: str) -> None:
    _wait(lambda: mongod.answers(address), "mongod")
    mongod.form_replica_set([address], admins_password)
    _wait(lambda: mongod.is_settled([address]), "the replica set")
    mongod.make_admin([address], admins_password)


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = monotonic() + READY_S
    while not condition():
        if monotonic() > deadline:
            raise TimeoutError(f"{what} does not answer after {READY_S:.0f} s")
        sleep(0.1)
