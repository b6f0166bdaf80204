"""Asking a Kafka broker whether it serves."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from shared.messaging.settings import Kafka


def answers(kafka: Kafka) -> bool:
    """Whether the one broker at this address answers a metadata request and is itself among the active brokers."""
    return kafka.brokers in active_brokers(kafka)


def active_brokers(kafka: Kafka) -> frozenset[str]:
    """The "host:port" of all brokers that the one at this address says are active; empty when it is silent."""
    if not _listens(kafka.brokers):  # aiokafka logs an error for every refused connection
        return frozenset()
    # A thread of its own, since the caller may stand inside a running event loop.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, _metadata(kafka)).result()


def _listens(address: str) -> bool:
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), timeout=1):
            return True
    except OSError:
        return False


async def _metadata(kafka: Kafka) -> frozenset[str]:
    client = AIOKafkaClient(**kafka.client(), request_timeout_ms=3000)
    try:
        await client.bootstrap()
        return frozenset(f"{broker.host}:{broker.port}" for broker in client.cluster.brokers())
    except (KafkaError, OSError, TimeoutError):
        return frozenset()
    finally:
        await client.close()
