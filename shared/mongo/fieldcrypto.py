"""Field encryption: documents and bytes under a data key each, which can be destroyed while the data stays.

PyMongo's own client encryption does the cryptography (AEAD_AES_256_CBC_HMAC_SHA_512, random); Motor's cannot set how
long keys are cached. Data keys lie in a key vault of their own, wrapped by a master key that the database never sees.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from bson.binary import Binary, UuidRepresentation
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, timeout
from pymongo.asynchronous.encryption import AsyncClientEncryption
from pymongo.encryption_shared import Algorithm
from pymongo.errors import AutoReconnect, DuplicateKeyError, EncryptionError, PyMongoError
from pymongo.read_concern import ReadConcern

from shared.mongo.client import MAJORITY, Document, Mongo
from shared.mongo.keyvault import DESTROYED, KEYS, PROBE, USED_LATELY, key_database_of
from shared.mongo.masterkeys import KeySettings, MasterKeys, master_keys_of, version_of
from shared.security.vaulted import Vaulted

CACHE_MS = 30_000
"""How long a process may go on using a key that has been destroyed. To the driver, 0 would mean for ever."""
REWRAP_AT_ONCE = 200
KEYS_S = 3.0
"""How long one call may wait for the key vault and the key server together; the driver alone would wait ten."""
ENCRYPTED = 6
"""BSON's binary subtype for ciphertexts."""

_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, uuid_representation=UuidRepresentation.STANDARD)


class KeyDestroyed(Exception):
    """The data under this key is gone for good, and the key is not made again."""


class KeyMissing(Exception):
    """There is no such key (any more): what was encrypted under it cannot be read."""


class NotForThisOwner(Exception):
    """A ciphertext that belongs to somebody else, or none at all."""


class WrongMasterKey(Exception):
    """The master keys at hand do not open the keys of this vault. Nothing is read, nothing is stored."""


class FieldCrypto:
    """Encrypts for owners: a subject's reference, or an agency's month of quarantine. Owns no connection."""

    def __init__(
        self,
        client: AsyncMongoClient[Document],
        database: str,
        encryption: AsyncClientEncryption[Any],
        masters: MasterKeys,
    ) -> None:
        self._keys = client[database].get_collection(
            KEYS, codec_options=_CODEC, write_concern=MAJORITY, read_concern=ReadConcern("majority")
        )
        self._destroyed = client[database].get_collection(DESTROYED, codec_options=_CODEC, write_concern=MAJORITY)
        self._encryption = encryption
        self.masters = masters

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: KeySettings, mongo: Mongo, *, cache_ms: int = CACHE_MS
    ) -> AsyncIterator["FieldCrypto"]:
        """With its index in place and its master key tried; raises ValueError where a master key has another form,
        WrongMasterKey where it is another one, and the driver's error where the key server does not answer."""
        masters = master_keys_of(settings)
        database = key_database_of(settings)
        encryption: AsyncClientEncryption[Any] = AsyncClientEncryption(
            masters.providers,
            f"{database}.{KEYS}",
            mongo.native,
            _CODEC,
            key_expiration_ms=cache_ms,
            kms_tls_options=masters.tls,
        )
        async with encryption:
            crypto = cls(mongo.native, database, encryption, masters)
            await crypto.ensure_index()
            await crypto.check_all()
            yield crypto

    async def check(self) -> None:
        """Raise where nothing can be encrypted now; a key server that went away shows once the cache has run out."""
        name = probe_key(self.masters.version)
        with _wrong_master_key(self.masters.version):
            await self._decrypt(await self._encrypt(name, {"owner": name}))

    async def check_all(self) -> None:
        """Raise where some master key is missing or another one: a service that cannot read its vault whole does not
        start, since it would do so by halves."""
        await self.check()
        for wrapped in await self._keys.distinct("masterKey"):
            key = await self._keys.find_one({"masterKey": wrapped}, {"_id": 1})
            with _wrong_master_key(version_of(wrapped)):
                if key is not None:
                    await self._encrypt_with({"key_id": key["_id"]}, {"owner": PROBE})

    async def rewrap(self) -> int:
        """Let the current master key wrap some of the data keys that others still wrap; answers how many.

        The data stay as they are and nobody waits. A key that is destroyed meanwhile stays destroyed.
        """
        rows = await self._keys.find(self.masters.outdated, {"_id": 1}).limit(REWRAP_AT_ONCE).to_list(None)
        if rows:
            chosen = {"_id": {"$in": [Binary.from_uuid(row["_id"]) for row in rows]}}
            with _driver_errors():
                await self._encryption.rewrap_many_data_key(
                    chosen, provider=self.masters.provider, master_key=self.masters.options
                )
        return len(rows)

    async def ensure_index(self) -> None:
        """One key a name, whoever makes it first; and which master keys are in use, without a walk over all."""
        await self._keys.create_index("masterKey")
        await self._keys.create_index(
            "keyAltNames", unique=True, partialFilterExpression={"keyAltNames": {"$exists": True}}
        )

    async def encrypt_document(self, owner: str, document: Mapping[str, Any]) -> bytes:
        """The document sealed under the owner's key, which is made at first use. Called before a transaction and not
        in it, so that a repetition finds the key made. Raises KeyDestroyed."""
        return await self._encrypt(owner, {"owner": owner, "document": dict(document)})

    async def decrypt_document(self, owner: str, sealed: bytes) -> Vaulted[dict[str, Any]]:
        """The document; raises KeyMissing, or NotForThisOwner where the bytes were sealed for somebody else."""
        opened = await self._decrypt(sealed)
        if not isinstance(opened, dict) or opened.get("owner") != owner:
            raise NotForThisOwner
        return Vaulted(opened["document"])

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
        with timeout(KEYS_S):
            await self._make_key(name)

    async def _make_key(self, name: str) -> None:
        await self._refuse_destroyed(name)
        with _driver_errors(), _somebody_was_faster():
            await self._encryption.create_data_key(
                self.masters.provider, master_key=self.masters.options, key_alt_names=[name]
            )
        # Another's key may not be on a majority yet, and encryption reads what a majority has: a write waits for that.
        await self._keys.update_one({"keyAltNames": name}, {"$set": {"status": 0}})
        try:
            # Looked at again: a destruction between the first look and the making must not be undone by it.
            await self._refuse_destroyed(name)
        except KeyDestroyed:
            await self._keys.delete_many({"keyAltNames": name})
            raise

    async def is_destroyed(self, name: str) -> bool:
        """Whether the key had to die."""
        with timeout(KEYS_S):
            return await self._destroyed.find_one({"_id": name}, {"_id": 1}) is not None

    async def _refuse_destroyed(self, name: str) -> None:
        if await self.is_destroyed(name):
            raise KeyDestroyed

    async def _encrypt(self, name: str, value: Document) -> bytes:
        """Under the key of this name as it stands in the vault, never as it is remembered: it may have been reaped,
        or destroyed, since. Finding it keeps it from being reaped before this can be stored."""
        with timeout(KEYS_S):
            key = await self._keys.find_one({"keyAltNames": name, **USED_LATELY}, {"_id": 1}) or await self._used(name)
        if key is None:
            await self.ensure_key(name)
            with timeout(KEYS_S):
                key = await self._used(name)
        if key is None:
            raise KeyMissing
        return await self._encrypt_with({"key_id": Binary.from_uuid(key["_id"])}, value)

    async def _used(self, name: str) -> Document | None:
        """The key of this name, noted as used now; None where there is none."""
        found: Document | None = await self._keys.find_one_and_update(
            {"keyAltNames": name}, {"$currentDate": {"updateDate": True}}, {"_id": 1}
        )
        return found

    async def _encrypt_with(self, key: Mapping[str, Any], value: Document) -> bytes:
        with _driver_errors():
            algorithm = Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Random
            return bytes(await self._encryption.encrypt(value, algorithm, **key))

    async def _decrypt(self, sealed: bytes) -> Any:
        with _driver_errors():
            return await self._encryption.decrypt(Binary(sealed, ENCRYPTED))


def quarantine_key(owner: str, month: str) -> str:
    """The name of an agency's key of a month; it cannot be a subject's reference."""
    return f"quarantine|{owner}|{month}"


def probe_key(version: str) -> str:
    """The name of the key by which a master key is tried."""
    return f"{PROBE}{version}"


@contextmanager
def _wrong_master_key(version: str) -> Iterator[None]:
    try:
        yield
    except NotForThisOwner:
        raise WrongMasterKey(f"the master key {version} is missing or another one") from None


@contextmanager
def _driver_errors() -> Iterator[None]:
    """Outages, the key server's too, as the driver's own errors, which everybody knows to be transient; the rest by
    meaning."""
    try:
        with timeout(KEYS_S):
            yield
    except EncryptionError as error:
        if isinstance(error.cause, PyMongoError):
            raise error.cause from None
        if "KMS request failed" in str(error.cause):
            raise AutoReconnect("the key server does not answer") from None
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
