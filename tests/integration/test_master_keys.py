"""Master keys: rotation while everybody works, and a key server that goes away."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pymongo.errors import PyMongoError

from shared.mongo.client import Mongo
from shared.mongo.fieldcrypto import FieldCrypto, KeyMissing, NotForThisOwner, WrongMasterKey
from shared.mongo.keyvault import KeyVault, key_database_of
from shared.security.keyring import Ring
from tests.support.kmip import KeyServer, key_server
from tests.support.vault import VaultSettings, keys, master_secret

pytestmark = pytest.mark.integration

NOW = datetime(2026, 5, 14, 5, 20, tzinfo=UTC)
CACHE_S = 0.3


@pytest.fixture
async def mongo(mongo_uri: str, unique: str) -> AsyncIterator[Mongo]:
    """A connection; the databases of this test begin with `unique`."""
    connected = Mongo(mongo_uri, unique)
    yield connected
    await connected.close()


def opened(settings: VaultSettings, mongo: Mongo) -> "AsyncIterator[FieldCrypto]":
    """A process's vault that caches keys for a fraction of a second."""
    return FieldCrypto.open(settings, mongo, cache_ms=int(CACHE_S * 1000))  # type: ignore[return-value]


def vault_of(settings: VaultSettings, mongo: Mongo) -> KeyVault:
    """What an operator sees."""
    return KeyVault(mongo, key_database_of(settings))


def with_keys(settings: VaultSettings, *versions: str, known: dict[str, str]) -> VaultSettings:
    """The same vault with a ring in this order."""
    return replace(settings, master_keys=Ring({version: known[version] for version in versions}))


async def read(crypto: FieldCrypto, owner: str, sealed: bytes) -> dict[str, int]:
    """The document opened."""
    return (await crypto.decrypt_document(owner, sealed)).reveal()


async def start(settings: VaultSettings, mongo: Mongo) -> None:
    """What a process does first."""
    async with opened(settings, mongo):
        pass


async def rewrap_all(crypto: FieldCrypto) -> int:
    """As the clock process does it."""
    total = 0
    while count := await crypto.rewrap():
        total += count
    return total


async def test_a_rotation_rewraps_under_load_and_nobody_waits(mongo: Mongo, unique: str) -> None:
    known = {"old": master_secret(), "new": master_secret()}
    settings = VaultSettings(unique, Ring({"old": known["old"]}))
    step_one, step_two = (with_keys(settings, *order, known=known) for order in (("old", "new"), ("new", "old")))
    async with opened(step_one, mongo) as late, opened(step_two, mongo) as rotating:
        sealed = {f"V-{n}": await late.encrypt_document(f"V-{n}", {"n": n}) for n in range(30)}
        stop = asyncio.Event()

        async def work(crypto: FieldCrypto, name: str) -> int:
            done = 0
            while not stop.is_set():
                owner = f"{name}-{done}"
                sealed[owner] = await crypto.encrypt_document(owner, {"n": done})
                assert {"n": done} == await read(crypto, owner, sealed[owner])
                done += 1
                assert {"n": done % 30} == await read(crypto, f"V-{done % 30}", sealed[f"V-{done % 30}"])
            return done

        async with asyncio.TaskGroup() as group:
            working = [group.create_task(work(*each)) for each in ((late, "late"), (rotating, "ahead"))]
            await asyncio.sleep(CACHE_S)
            rewrapped = await rotating.rewrap()
            await asyncio.sleep(CACHE_S * 2)
            stop.set()
        assert rewrapped >= 30
        assert all(task.result() > 3 for task in working), "both went on"
        await rewrap_all(rotating)
        assert list(await vault_of(settings, mongo).by_master_key()) == ["local:new"]
    async with opened(with_keys(settings, "new", known=known), mongo) as after:
        for owner, bytes_ in sealed.items():
            assert {"n": int(owner.rpartition("-")[2])} == await read(after, owner, bytes_)
    with pytest.raises(WrongMasterKey):
        async with opened(settings, mongo):
            pass


async def test_a_key_destroyed_during_a_rotation_stays_destroyed(mongo: Mongo, unique: str) -> None:
    known = {"old": master_secret(), "new": master_secret()}
    settings = with_keys(VaultSettings(unique, None), "new", "old", known=known)
    async with opened(with_keys(settings, "old", known=known), mongo) as before:
        for n in range(20):
            await before.ensure_key(f"V-{n}")
    async with opened(settings, mongo) as crypto:
        destroying = [vault_of(settings, mongo).destroy(f"V-{n}", NOW) for n in range(20)]
        await asyncio.gather(crypto.rewrap(), *destroying, crypto.rewrap())
        assert await rewrap_all(crypto) <= 1, "the probe's"
    vault = vault_of(settings, mongo)
    assert (await vault.destroyed(), await vault.risen()) == (20, 0)
    assert sum((await vault.by_master_key()).values()) == 2, "the probes' keys"


async def test_a_ring_that_lacks_a_version_in_use_does_not_start(mongo: Mongo, unique: str) -> None:
    async with opened(keys(unique, "a"), mongo) as crypto:
        await crypto.encrypt_document("V-020", {"n": 1})
    with pytest.raises(WrongMasterKey, match="local:a"):
        async with opened(keys(unique, "b"), mongo):
            pass


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyServer]:
    """A key server."""
    with key_server(tmp_path_factory.mktemp("kmip")) as running:
        yield running


def on(server: KeyServer, database: str, key_id: str, ring: Ring | None = None) -> VaultSettings:
    """A vault whose new data keys the key server wraps."""
    return VaultSettings(database, ring, None, "kmip", server.endpoint, key_id, server.ca_file, server.client_file)


async def test_a_key_server_wraps_and_the_move_there_is_a_rotation(
    server: KeyServer, mongo: Mongo, unique: str
) -> None:
    local = keys(unique, "file")
    async with opened(local, mongo) as crypto:
        sealed = await crypto.encrypt_document("V-020", {"n": 1})
    first, second = server.new_master_key(), server.new_master_key()
    for settings, version in (
        (on(server, unique, first, local.master_keys), f"kmip:{first}"),
        (on(server, unique, second), f"kmip:{second}"),
    ):
        async with opened(settings, mongo) as crypto:
            await rewrap_all(crypto)
            assert await read(crypto, "V-020", sealed) == {"n": 1}
            assert [version] == list(await vault_of(settings, mongo).by_master_key())


async def test_without_its_key_server_a_vault_is_closed(server: KeyServer, mongo: Mongo, unique: str) -> None:
    settings = on(server, unique, server.new_master_key())
    async with opened(settings, mongo) as crypto:
        sealed = await crypto.encrypt_document("V-020", {"n": 1})
        server.stop()
        try:
            await asyncio.sleep(CACHE_S * 2)
            for attempt in (
                lambda: crypto.decrypt_document("V-020", sealed),
                lambda: crypto.encrypt_document("V-020", {"n": 2}),
                lambda: crypto.encrypt_document("V-021", {"n": 3}),
                crypto.check,
                lambda: start(settings, mongo),
            ):
                with pytest.raises(PyMongoError):
                    await attempt()
            assert await mongo.native[f"{unique}_keys"]["keys"].count_documents({"keyAltNames": "V-021"}) == 0
        finally:
            server.start()
        await crypto.check()
        assert await read(crypto, "V-020", sealed) == {"n": 1}


async def test_what_a_destroyed_master_key_wrapped_is_gone(server: KeyServer, mongo: Mongo, unique: str) -> None:
    gone = server.new_master_key()
    async with opened(on(server, unique, gone), mongo) as crypto:
        sealed = await crypto.encrypt_document("V-020", {"n": 1})
    server.destroy_master_key(gone)
    async with FieldCrypto.open(on(server, f"{unique}_x", server.new_master_key()), mongo) as other:
        with pytest.raises((KeyMissing, NotForThisOwner)):
            await other.decrypt_document("V-020", sealed)
    with pytest.raises((WrongMasterKey, PyMongoError)):
        async with opened(on(server, unique, gone), mongo):
            pass


def test_a_client_certificate_that_others_may_read_is_refused(server: KeyServer, tmp_path: Path) -> None:
    from shared.mongo.masterkeys import master_keys_of

    open_file = tmp_path / "client.pem"
    open_file.write_bytes(server.client_file.read_bytes())
    open_file.chmod(0o644)
    with pytest.raises(ValueError, match="chmod 600"):
        master_keys_of(replace(on(server, "x", "1"), kmip_client_file=open_file))
