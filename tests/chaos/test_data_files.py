"""F16, I6: no marked word in what a mongod writes to its disk: collections, indexes, oplog, journal and log.

WiredTiger compresses blocks and journal, and a search in compressed bytes proves nothing; so this test starts a mongod
of its own that compresses nothing, and first finds there what it wrote itself, the deleted included.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymongo
import pytest

from deploy.local.mongod import answers, find_mongod, form_replica_set, is_settled, mongod_options, replica_set_uri
from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.progress import Progress
from tests.integration.test_intake_canaries import CANARIES, fumble, spellings, work
from tests.support.addresses import Addresses
from tests.support.intake import running_intake

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

NOTHING_COMPRESSED = [
    "--wiredTigerCollectionBlockCompressor=none",
    "--wiredTigerJournalCompressor=none",
    "--wiredTigerIndexPrefixCompression=false",
]
KEPT, DELETED = b"CONTROL-KEPT", b"CONTROL-DELETED"


@dataclass
class Disk:
    """One mongod and the folder that it writes to."""

    address: str
    folder: Path

    @property
    def uri(self) -> str:
        """Where it answers."""
        return replica_set_uri([self.address])

    def journal(self) -> bytes:
        """All of it, and the server's log."""
        return self._bytes("data/journal/*", "log")

    def tables(self) -> bytes:
        """Collections, the oplog among them, and indexes, after a checkpoint."""
        with pymongo.MongoClient[dict[str, Any]](self.uri) as client:
            client.admin.command("fsync")
        return self._bytes("data/*.wt")

    def write(self, word: bytes, *, delete: bool = False) -> None:
        """A control: one document, indexed as well."""
        with pymongo.MongoClient[dict[str, Any]](self.uri, w="majority", journal=True) as client:
            controls = client["control"]["controls"]
            controls.create_index("word")
            controls.insert_one({"word": word.decode()})
            if delete:
                controls.delete_one({"word": word.decode()})

    def _bytes(self, *patterns: str) -> bytes:
        files = [path for pattern in patterns for path in self.folder.glob(pattern)]
        return b"\n".join(path.read_bytes() for path in files if path.is_file())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A mongod that compresses nothing."""
    if os.environ.get("PULANG_TEST_STACK") == "containers":
        pytest.skip("servers come from images, whose disks are not ours to read")
    (port,) = free_ports(1)
    data, address = tmp_path / "data", f"{LOOPBACK}:{port}"
    data.mkdir()
    options = [*mongod_options(data, port, cache_gb=0.25, oplog_mb=64), *NOTHING_COMPRESSED]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([find_mongod(Progress(quiet=True)), *options], stdout=log, stderr=log)
        try:
            _until(lambda: answers(address))
            form_replica_set([address])
            _until(lambda: is_settled([address]))
            yield Disk(address, tmp_path)
        finally:
            process.kill()
            process.wait()


def _until(holds: Any) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "mongod did not get ready"
        time.sleep(0.05)


async def test_no_word_reaches_the_disk_in_the_clear(disk: Disk, unique: str) -> None:
    async with running_intake(Addresses(disk.uri, "127.0.0.1:1"), unique) as intake:
        shown = await work(intake)
        await fumble(intake)
    disk.write(KEPT)
    disk.write(DELETED, delete=True)
    journal, tables = disk.journal(), disk.tables()
    for place, held in {"journal": journal, "tables": tables}.items():
        assert KEPT in held, f"the {place} would not show a word"
        assert DELETED in held, f"the {place} would not show what was deleted"
        assert shown["ref"].encode() in held, f"the {place} has nothing of intake's"
        found = [canary for canary in CANARIES for spelling in spellings(canary) if spelling in held]
        assert found == [], place
