"""Field encryption: documents and bytes under a data key each, which can be destroyed while the data stays.

PyMongo's own client encryption does the cryptography (AEAD_AES_256_CBC_HMAC_SHA_512, random); Motor's cannot set how
long keys are cached. Data keys lie in a key vault of their own, wrapped by a master key that the database never sees.
"""

import base64
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, Protocol

from bson.binary import Binary, UuidRepresentation
from bson.codec_options import CodecOptions
from pydantic import SecretStr
from pymongo import AsyncMongoClient
from pymongo.asynchronous.encryption import AsyncClientEncryption
from pymongo.encryption_shared import Algorithm
from pymongo.errors import DuplicateKeyError, EncryptionError, PyMongoError

from shared.mongo.client import MAJORITY, Document, Mongo

KEYS = "keys"
DESTROYED = "destroyed_keys"
CACHE_MS = 30_000
"""How long a process may go on using a key that has been destroyed."""
MASTER_KEY_BYTES = 96
ENCRYPTED = 6
"""BSON's binary subtype for ciphertexts."""

_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, uuid_representation=UuidRepresentation.STANDARD)


class KeyDestroyed(Exception):
    """The data under this key is gone for good, and the key is not made again."""


class KeyMissing(Exception):
    """There is no such key (any more): what was encrypted under it cannot be read."""


class NotForThisOwner(Exception):
    """A ciphertext that belongs to somebody else, or none at all."""


class KeySettings(Protocol):
    """Where keys are and what wraps them."""

    @property
    def mongo_database(self) -> str:
        """The service's database."""
        ...

    @property
    def key_database(self) -> str | None:
        """The key vault's database; by default `<mongo_database>_keys`."""
        ...

    @property
    def master_key(self) -> SecretStr:
        """96 bytes in base64."""
        ...


class FieldCrypto:
    """Encrypts for owners: a subject's reference, or an agency's month of quarantine. Owns no connection."""

    def __init__(
        self, client: AsyncMongoClient[Document], database: str, encryption: AsyncClientEncryption[Any]
    ) -> None:
        self._keys = client[database].get_collection(KEYS, codec_options=_CODEC, write_concern=MAJORITY)
        self._destroyed = client[database].get_collection(DESTROYED, codec_options=_CODEC, write_concern=MAJORITY)
        self._encryption = encryption

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: KeySettings, mongo: Mongo, *, cache_ms: int = CACHE_MS
    ) -> AsyncIterator["FieldCrypto"]:
        """With its index in place; raises ValueError where the master key is not 96 bytes in base64."""
        database = settings.key_database or f"{settings.mongo_database}_keys"
        encryption: AsyncClientEncryption[Any] = AsyncClientEncryption(
            {"local": {"key": master_key_from(settings.master_key.get_secret_value())}},
            f"{database}.{KEYS}",
            mongo.native,
            _CODEC,
            key_expiration_ms=cache_ms,
        )
        async with encryption:
            crypto = cls(mongo.native, database, encryption)
            await crypto.ensure_index()
            yield crypto

    async def ensure_index(self) -> None:
        """One key a name, whoever makes it first."""
        await self._keys.create_index(
            "keyAltNames", unique=True, partialFilterExpression={"keyAltNames": {"$exists": True}}
        )

    async def encrypt_document(self, owner: str, document: Mapping[str, Any]) -> bytes:
        """The document sealed under the owner's key, which is made at first use. Called before a transaction and not
        in it, so that a repetition finds the key made. Raises KeyDestroyed."""
        return await self._encrypt(owner, {"owner": owner, "document": dict(document)})

    async def decrypt_document(self, owner: str, sealed: bytes) -> dict[str, Any]:
        """The document; raises KeyMissing, or NotForThisOwner where the bytes were sealed for somebody else."""
        opened = await self._decrypt(sealed)
        if not isinstance(opened, dict) or opened.get("owner") != owner:
            raise NotForThisOwner
        document: dict[str, Any] = opened["document"]
        return document

    async def seal(self, owner: str, month: str, plain: bytes) -> bytes:
        """Bytes for an agency's reviewer under that agency's key of the month (`yyyy-mm`)."""
        name = quarantine_key(owner, month)
        return await self._encrypt(name, {"owner": name, "bytes": plain})

    async def unseal(self, owner: str, month: str, sealed: bytes) -> bytes:
        """What `seal` sealed; raises KeyMissing or NotForThisOwner."""
        opened = await self._decrypt(sealed)
        if not isinstance(opened, dict) or opened.get("owner") != quarantine_key(owner, month):
            raise NotForThisOwner
        return bytes(opened["bytes"])

    async def ensure_key(self, name: str) -> None:
        """Make the key unless there is one; raises KeyDestroyed. Many may do this at once: one key comes of it."""
        await self._refuse_destroyed(name)
        if await self._keys.find_one({"keyAltNames": name}, {"_id": 1}) is None:
            with _driver_errors(), _somebody_was_faster():
                await self._encryption.create_data_key("local", key_alt_names=[name])
        try:
            # Looked at again: a destruction between the first look and the making must not be undone by it.
            await self._refuse_destroyed(name)
        except KeyDestroyed:
            await self._keys.delete_many({"keyAltNames": name})
            raise

    async def destroy_key(self, name: str, at: datetime) -> None:
        """Make everything under this key unreadable: here at once, in other processes within the cache time, in
        back-ups of the vault when they expire. The tombstone goes first, so that nobody makes the key again."""
        await self._destroyed.update_one({"_id": name}, {"$setOnInsert": {"at": at}}, upsert=True)
        await self._keys.delete_many({"keyAltNames": name})

    async def is_destroyed(self, name: str) -> bool:
        """Whether the key had to die."""
        return await self._destroyed.find_one({"_id": name}, {"_id": 1}) is not None

    async def _refuse_destroyed(self, name: str) -> None:
        if await self.is_destroyed(name):
            raise KeyDestroyed

    async def _encrypt(self, name: str, value: Document) -> bytes:
        try:
            return await self._encrypt_with(name, value)
        except KeyMissing:
            await self.ensure_key(name)
            return await self._encrypt_with(name, value)

    async def _encrypt_with(self, name: str, value: Document) -> bytes:
        with _driver_errors():
            algorithm = Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Random
            return bytes(await self._encryption.encrypt(value, algorithm, key_alt_name=name))

    async def _decrypt(self, sealed: bytes) -> Any:
        with _driver_errors():
            return await self._encryption.decrypt(Binary(sealed, ENCRYPTED))


def quarantine_key(owner: str, month: str) -> str:
    """The name of an agency's key of a month; it cannot be a subject's reference."""
    return f"quarantine|{owner}|{month}"


def master_key_from(encoded: str) -> bytes:
    """The master key's bytes."""
    key = base64.b64decode(encoded, validate=True)
    if len(key) != MASTER_KEY_BYTES:
        raise ValueError(f"the master key has {MASTER_KEY_BYTES} bytes, in base64")
    return key


@contextmanager
def _driver_errors() -> Iterator[None]:
    """Outages as the driver's own errors, which everybody knows to be transient; the rest by meaning."""
    try:
        yield
    except EncryptionError as error:
        if isinstance(error.cause, PyMongoError):
            raise error.cause from None
        if "not all keys requested were satisfied" in str(error.cause):
            raise KeyMissing from None
        raise NotForThisOwner from None


@contextmanager
def _somebody_was_faster() -> Iterator[None]:
    try:
        yield
    except (DuplicateKeyError, EncryptionError) as error:
        cause = error.cause if isinstance(error, EncryptionError) else error
        if not isinstance(cause, DuplicateKeyError):
            raise
