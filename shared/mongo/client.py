"""Connections. Motor carries the transactions; PyMongo's native client serves leases, health and change streams."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Motor runs each call in a pool of cores x 5 threads unless told otherwise; with 12 waiting calls a ping took 2.5 s.
# It reads the number when it is imported, so it is set here, before the import.
os.environ.setdefault("MOTOR_MAX_WORKERS", "64")

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

MAJORITY = WriteConcern(w="majority", j=True)
UTC_AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)

Document = dict[str, Any]
Collection = Any
"""Motor's collection; its own types say little more."""


@dataclass
class Mongo:
    """A service's databases. `databases` maps an Entry's database name to the real one; None is the service's own."""

    uri: str
    database: str
    databases: Mapping[str, str] = field(default_factory=dict)
    server_selection_timeout_ms: int = 2000
    """Two seconds, so that an outage is a 503 within three."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The account and TLS, as the driver names them."""

    def __post_init__(self) -> None:
        options: dict[str, Any] = {
            "serverSelectionTimeoutMS": self.server_selection_timeout_ms,
            "connectTimeoutMS": 2000,
            "socketTimeoutMS": 20_000,
            "tz_aware": True,
            "retryWrites": True,
            "w": "majority",
            "journal": True,
            **self.options,
        }
        self.client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(self.uri, **options)
        self.native: AsyncMongoClient[Document] = AsyncMongoClient(self.uri, **options)

    def collection(self, name: str, database: str | None = None) -> Collection:
        """A collection with majority writes; reads outside a transaction see what a majority has."""
        real = self.database if database is None else self.databases[database]
        return self.client[real].get_collection(
            name,
            codec_options=UTC_AWARE,
            write_concern=MAJORITY,
            read_concern=ReadConcern("majority"),
            read_preference=ReadPreference.PRIMARY,
        )

    def native_collection(self, name: str) -> Any:
        """The same through PyMongo's native client, for calls that must not wait for a thread."""
        return self.native[self.database].get_collection(
            name, codec_options=UTC_AWARE, write_concern=MAJORITY, read_concern=ReadConcern("majority")
        )

    async def check(self) -> None:
        """Raise where no primary answers."""
        hello = await self.native.admin.command("hello")
        if not hello.get("isWritablePrimary"):
            raise ConnectionError("no primary")

    async def transaction_life_s(self) -> float | None:
        """How long the server lets a transaction live; None where this account may not ask."""
        try:
            told = await self.native.admin.command("getParameter", 1, transactionLifetimeLimitSeconds=1)
        except OperationFailure:
            return None
        return float(told["transactionLifetimeLimitSeconds"])

    async def close(self) -> None:
        """Close both clients. Each says goodbye to the server, Motor's without giving the loop a turn."""
        await asyncio.to_thread(self.client.close)
        await self.native.close()
