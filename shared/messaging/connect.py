"""Starting an aiokafka client while the brokers may be away."""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog
from aiokafka.errors import KafkaError

log = structlog.get_logger(__name__)
RETRY_S = 1.0


class Client(Protocol):
    """What aiokafka's clients have in common."""

    async def start(self) -> None:
        """Connect."""
        ...

    async def stop(self) -> None:
        """Close."""
        ...


C = TypeVar("C", bound=Client)


async def connect(make: Callable[[], C]) -> C:
    """A started client; tries until brokers answer, with a new client each time. Cancel it to give up."""
    while True:
        client = make()
        try:
            await client.start()
        except KafkaError as error:
            log.warning("kafka_unreachable", error=type(error).__name__)
            await client.stop()
        except BaseException:
            await client.stop()
            raise
        else:
            return client
        await asyncio.sleep(RETRY_S)
