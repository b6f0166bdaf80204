"""Field encryption on the real database: who can read what, and what a destroyed key leaves."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from shared.mongo.client import Mongo
from shared.mongo.fieldcrypto import FieldCrypto, KeyDestroyed, KeyMissing, NotForThisOwner, WrongMasterKey
from shared.mongo.keyvault import KeyVault
from shared.mongo.masterkeys import master_key_from
from tests.support.vault import keys

pytestmark = pytest.mark.integration

NOW = datetime(2026, 5, 14, 5, 20, tzinfo=UTC)
CANARY = "Maria Canary"
IDENTITY = {"full_name": CANARY, "nik": "5302994107081234", "phones": ["081299990001"], "born": NOW}


@pytest.fixture
async def mongo(mongo_uri: str, unique: str) -> AsyncIterator[Mongo]:
    """A connection; the databases of this test begin with `unique`."""
    connected = Mongo(mongo_uri, unique)
    yield connected
    await connected.close()


@pytest.fixture
async def crypto(mongo: Mongo, unique: str) -> AsyncIterator[FieldCrypto]:
    """A vault that caches keys for a fifth of a second."""
    async with FieldCrypto.open(keys(unique), mongo, cache_ms=200) as opened:
        yield opened


async def key_count(mongo: Mongo, unique: str) -> int:
    return len(await names_of_keys(mongo, unique))


async def names_of_keys(mongo: Mongo, unique: str) -> list[str]:
    """Names of the keys that protect something."""
    found = mongo.native[f"{unique}_keys"]["keys"].find({"keyAltNames": {"$not": {"$regex": "^probe"}}})
    return sorted([key["keyAltNames"][0] async for key in found])


async def test_a_document_comes_back_and_shows_nothing_on_the_way(crypto: FieldCrypto) -> None:
    sealed = await crypto.encrypt_document("V-020", IDENTITY)
    assert CANARY.encode() not in sealed
    assert b"full_name" not in sealed
    assert (await crypto.decrypt_document("V-020", sealed)).reveal() == IDENTITY


async def test_the_same_document_never_looks_the_same_twice(crypto: FieldCrypto) -> None:
    first, second = [await crypto.encrypt_document("V-020", IDENTITY) for _ in range(2)]
    assert first != second


async def test_one_owners_bytes_do_not_open_as_anothers(crypto: FieldCrypto) -> None:
    sealed = await crypto.encrypt_document("V-020", IDENTITY)
    await crypto.ensure_key("V-021")
    with pytest.raises(NotForThisOwner):
        await crypto.decrypt_document("V-021", sealed)


@pytest.mark.parametrize("place", [0, 5, 20, -1])
async def test_a_changed_byte_is_noticed(crypto: FieldCrypto, place: int) -> None:
    sealed = bytearray(await crypto.encrypt_document("V-020", IDENTITY))
    sealed[place] ^= 1
    with pytest.raises((NotForThisOwner, KeyMissing)):
        await crypto.decrypt_document("V-020", bytes(sealed))


async def test_many_who_begin_at_once_share_one_key(crypto: FieldCrypto, mongo: Mongo, unique: str) -> None:
    sealed = await asyncio.gather(*(crypto.encrypt_document("V-020", {"n": n}) for n in range(20)))
    assert await key_count(mongo, unique) == 1
    assert [(await crypto.decrypt_document("V-020", each)).reveal()["n"] for each in sealed] == list(range(20))


async def test_a_destroyed_key_takes_its_data_along_and_stays_dead(
    crypto: FieldCrypto, mongo: Mongo, unique: str
) -> None:
    mine = await crypto.encrypt_document("V-020", IDENTITY)
    others = await crypto.encrypt_document("V-021", IDENTITY)
    await KeyVault(mongo, f"{unique}_keys").destroy("V-020", NOW)
    await asyncio.sleep(0.4)
    with pytest.raises(KeyMissing):
        await crypto.decrypt_document("V-020", mine)
    with pytest.raises(KeyDestroyed):
        await crypto.encrypt_document("V-020", IDENTITY)
    assert await crypto.is_destroyed("V-020")
    assert (await crypto.decrypt_document("V-021", others)).reveal() == IDENTITY
    assert await key_count(mongo, unique) == 1


async def test_a_key_that_is_made_while_it_is_being_destroyed_does_not_survive(
    crypto: FieldCrypto, mongo: Mongo, unique: str
) -> None:
    for n in range(10):
        making = [crypto.ensure_key(f"V-{n}") for _ in range(3)]
        await asyncio.gather(*making, KeyVault(mongo, f"{unique}_keys").destroy(f"V-{n}", NOW), return_exceptions=True)
        with pytest.raises(KeyDestroyed):
            await crypto.ensure_key(f"V-{n}")
    assert await key_count(mongo, unique) == 0


async def test_another_master_key_opens_nothing_and_does_not_even_start(
    crypto: FieldCrypto, mongo: Mongo, unique: str
) -> None:
    await crypto.encrypt_document("V-020", IDENTITY)
    for others in (keys(unique), keys(unique, "2"), keys(unique, "2", "1")):
        with pytest.raises(WrongMasterKey):
            async with FieldCrypto.open(others, mongo):
                await crypto.decrypt_document("V-020", await crypto.encrypt_document("V-020", IDENTITY))


async def test_quarantine_is_sealed_by_agency_and_month(crypto: FieldCrypto, mongo: Mongo, unique: str) -> None:
    content = b'{"nama":"' + CANARY.encode() + b'"}'
    sealed = await crypto.seal("POLRI", "2026-05", content)
    assert CANARY.encode() not in sealed
    assert await crypto.unseal("POLRI", "2026-05", sealed) == content
    await crypto.seal("LPSK", "2026-05", content)
    for owner, month in (("LPSK", "2026-05"), ("POLRI", "2026-06")):
        with pytest.raises(NotForThisOwner):
            await crypto.unseal(owner, month, sealed)
    assert await names_of_keys(mongo, unique) == ["quarantine|LPSK|2026-05", "quarantine|POLRI|2026-05"]


async def test_the_vault_keeps_wrapped_keys_only(crypto: FieldCrypto, mongo: Mongo, unique: str) -> None:
    await crypto.encrypt_document("V-020", IDENTITY)
    (key,) = [found async for found in mongo.native[f"{unique}_keys"]["keys"].find({"keyAltNames": "V-020"})]
    assert len(key["keyMaterial"]) > 96
    assert key["masterKey"] == {"provider": "local:1"}


@pytest.mark.parametrize("bad", ["", "no base64!", base64.b64encode(b"x" * 95).decode()])
def test_a_master_key_of_another_size_is_refused(bad: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - two libraries word it differently
        master_key_from(bad)
