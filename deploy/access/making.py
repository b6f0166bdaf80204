"""Both servers together: compare with the file, or make it so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pymongo import MongoClient

from deploy.access.difference import Difference
from deploy.access.file import Access
from deploy.access.kafka import KafkaAccess
from deploy.access.mongo import MongoAccess
from deploy.access.passwords import Passwords
from deploy.operator import Operator
from shared.events.registry import load_topics
from shared.messaging.access import access_admin


async def check_access(operator: Operator) -> list[Difference]:
    """What is missing or too much. Raises KafkaRefused and the driver's PyMongoError."""
    async with _servers(operator) as (kafka, mongo):
        return [*await kafka.check(), *await asyncio.to_thread(mongo.check)]


async def apply_access(operator: Operator, *, renew: bool = False, revoke: bool = False) -> list[Difference]:
    """Make it as the file says; answers what remains. Raises as `check_access` does."""
    passwords = Passwords(operator.passwords)
    async with _servers(operator) as (kafka, mongo):
        await asyncio.gather(
            kafka.apply(passwords, renew=renew, revoke=revoke),
            asyncio.to_thread(mongo.apply, passwords, renew=renew, revoke=revoke),
        )
        return [*await kafka.check(), *await asyncio.to_thread(mongo.check)]


@asynccontextmanager
async def _servers(operator: Operator) -> AsyncIterator[tuple[KafkaAccess, MongoAccess]]:
    access, prefix = Access.read(), operator.topic_prefix
    client: MongoClient[dict[str, Any]] = MongoClient(
        operator.mongo_uri, serverSelectionTimeoutMS=5000, **operator.mongo_options()
    )
    with client:
        async with access_admin(operator.kafka()) as admin:
            kafka = KafkaAccess(access.kafka, load_topics().values(), prefix, admin)
            yield kafka, MongoAccess(access.mongo, prefix, client)
