"""MongoDB and Kafka out of containers, through testcontainers, for a test run."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep

from testcontainers.core.container import DockerContainer

from deploy.local import kafka, kafka_probe, mongod
from deploy.local.containers import Images
from deploy.local.ports import LOOPBACK, free_ports
from tests.support.addresses import Addresses

READY_S = 90.0
MESSAGE_MAX_BYTES = 4 * 1024 * 1024


@contextmanager
def containers(images: Images) -> Iterator[Addresses]:
    """One mongod and one broker, gone at the end.

    Each listens inside on the very port that is published outside: a member of a replica set and a broker
    announce their own address, and this way the announced one is right on both sides.
    """
    mongo_port, kafka_port, controller_port = free_ports(3)
    addresses = Addresses(
        mongo_uri=mongod.replica_set_uri([f"{LOOPBACK}:{mongo_port}"]),
        kafka_bootstrap=f"{LOOPBACK}:{kafka_port}",
    )
    with ExitStack() as running:
        running.enter_context(_mongo(images.mongo, mongo_port))
        running.enter_context(_kafka(images.kafka, kafka_port, controller_port))
        _wait_for_mongo(f"{LOOPBACK}:{mongo_port}")
        _wait(lambda: kafka_probe.answers(addresses.kafka_bootstrap), "Kafka")
        yield addresses


def _mongo(image: str, port: int) -> DockerContainer:
    options = mongod.mongod_options(Path("/data/db"), port, cache_gb=0.5, oplog_mb=256, bind="0.0.0.0")
    return _container(image, port).with_command(["mongod", *options])


def _kafka(image: str, port: int, controller_port: int) -> DockerContainer:
    broker = kafka.Broker(1, port, controller_port, Path("/var/lib/kafka/data"))
    listeners = f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://127.0.0.1:{controller_port}"
    values = {**kafka.properties(broker, [broker], MESSAGE_MAX_BYTES), "listeners": listeners}
    container = _container(image, port).with_env("KAFKA_HEAP_OPTS", "-Xmx512m")
    for key, value in values.items():  # the official image's rule: a.b of the properties is KAFKA_A_B
        container = container.with_env("KAFKA_" + key.upper().replace(".", "_"), value)
    return container


def _container(image: str, port: int) -> DockerContainer:
    container = DockerContainer(image)
    # with_bind_ports would publish it on every interface; what is behind takes (interface, port), too.
    container.ports[str(port)] = (LOOPBACK, port)  # type: ignore[assignment]
    return container


def _wait_for_mongo(address: str) -> None:
    _wait(lambda: mongod.answers(address), "mongod")
    mongod.form_replica_set([address])
    _wait(lambda: mongod.is_settled([address]), "the replica set")


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = monotonic() + READY_S
    while not condition():
        if monotonic() > deadline:
            raise TimeoutError(f"{what} does not answer after {READY_S:.0f} s")
        sleep(0.1)
