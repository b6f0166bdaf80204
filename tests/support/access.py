"""Accounts of a platform of a test's own, made from the file as the operator makes them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymongo
from pymongo import MongoClient

from deploy.access.file import Access, KafkaPart, MongoPart
from deploy.access.kafka import KafkaAccess
from deploy.access.making import apply_access
from deploy.access.mongo import MongoAccess
from deploy.access.passwords import Passwords
from deploy.operator import Operator
from shared.events.registry import load_topics
from shared.messaging.access import access_admin
from shared.messaging.settings import Kafka
from shared.messaging.topics import topic_admin
from tests.support.addresses import Addresses


@dataclass(frozen=True)
class Accounts:
    """The accounts, and how each is used. Names are those of the file."""

    stack: Addresses
    operator: Operator

    @property
    def prefix(self) -> str:
        """What stands before all names."""
        return self.operator.topic_prefix

    def kafka(self, account: str) -> dict[str, Any]:
        """What an aiokafka client of this account is made with."""
        partners = self.stack.kafka_partners if account in Access.read().kafka.partners else ""
        brokers = partners or Kafka(self.stack.kafka_bootstrap).brokers
        return Kafka(f"{self.prefix}{account}:{self._password('kafka', account)}@{brokers}").client()

    def topic(self, name: str) -> str:
        """A topic's or group's name in the cluster."""
        return self.prefix + name

    def mongo(self, user: str) -> MongoClient[dict[str, Any]]:
        """A client of this user."""
        account = {"username": self.prefix + user, "password": self._password("mongo", user), "authSource": "admin"}
        return pymongo.MongoClient(self.anonymous, **account, serverSelectionTimeoutMS=5000)

    @property
    def anonymous(self) -> str:
        """The replica set's address without an account."""
        return "mongodb://" + self.stack.mongo_uri.rpartition("@")[2]

    def environment(self) -> Mapping[str, str]:
        """The operator's settings."""
        names = ("mongo_uri", "kafka_bootstrap", "topic_prefix", "passwords")
        return {f"PULANG_OPERATOR_{name.upper()}": str(getattr(self.operator, name)) for name in names}

    def _password(self, server: str, account: str) -> str:
        return Passwords(self.operator.passwords).of(f"{server}-{account}")


@asynccontextmanager
async def accounts(stack: Addresses, prefix: str, folder: Path) -> AsyncIterator[Accounts]:
    """Topics and accounts of a platform, gone at the end."""
    operator = Operator(
        mongo_uri=stack.mongo_uri, kafka_bootstrap=stack.kafka_bootstrap, topic_prefix=prefix, passwords=folder
    )
    async with topic_admin(operator.kafka()) as admin:
        await admin.apply(load_topics().values())
    try:
        left = await apply_access(operator)
        assert left == []
        yield Accounts(stack, operator)
    finally:
        await remove(operator)


async def remove(operator: Operator) -> None:
    """Every account and rule that begins with the prefix."""
    prefix, passwords = operator.topic_prefix, Passwords(operator.passwords)
    nobody = KafkaPart(administrators=(), services={}, partners={})
    async with access_admin(operator.kafka()) as admin:
        await KafkaAccess(nobody, (), prefix, admin).apply(passwords, renew=False, revoke=True)
    with MongoClient[dict[str, Any]](operator.mongo_uri) as client:
        MongoAccess(MongoPart(administrators=(), users={}), prefix, client).apply(passwords, renew=False, revoke=True)
        for name in client.list_database_names():
            if name.startswith(prefix):
                client.drop_database(name)
