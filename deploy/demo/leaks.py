"""Looks for what must exist in the vault alone, in every place where it could have got to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from deploy.demo.topics import read_topic, topics_of
from deploy.local.mailbox import read_mailbox

Needles = Mapping[str, str]
"""What to look for → what it is called in a report, which never repeats it."""


@dataclass
class Search:
    """One kind of place: how many things were read there, and what was found."""

    place: str
    read: int = 0
    leaks: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Something was read, and nothing was found. An empty search proves nothing."""
        return self.read > 0 and not self.leaks

    def look(self, where: str, content: bytes, needles: Needles) -> None:
        """One more thing, of which `where` names the place."""
        self.read += 1
        text = content.lower()
        self.leaks += [f"{what} in {where}" for needle, what in needles.items() if needle.lower().encode() in text]


async def in_kafka(bootstrap: str, prefix: str, needles: Needles) -> Search:
    """Every record of every topic: key, value and headers."""
    search = Search("Kafka")
    for record in await read_topic(bootstrap, *await topics_of(bootstrap, prefix)):
        parts = [record.key or b"", record.value or b""]
        parts += [part for name, value in record.headers for part in (name.encode(), value or b"")]
        search.look(f"{record.topic} {record.partition}/{record.offset}", b"\n".join(parts), needles)
    return search


def in_logs(folder: Path, needles: Needles) -> Search:
    """Every line of every process's log."""
    search = Search("logs")
    for file in sorted(folder.glob("*.log")):
        for number, line in enumerate(file.read_bytes().splitlines(), start=1):
            search.look(f"{file.name}:{number}", line, needles)
    return search


def in_mail(folder: Path, needles: Needles) -> Search:
    """Every mail, as it went over the wire and as it is read: headers and texts decoded."""
    search = Search("mail")
    for number, mail in enumerate(read_mailbox(folder), start=1):
        texts = [str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text"]
        headers = [f"{name}: {value}" for name, value in mail.items()]
        search.look(f"mail {number}", "\n".join([*headers, *texts]).encode() + mail.as_bytes(), needles)
    return search


def in_mongo(uri: str, databases: Sequence[str], since: bson.Timestamp, needles: Needles) -> Search:
    """Every document as the database keeps it, and every earlier state of one, which the oplog keeps."""
    search = Search("MongoDB")
    with MongoClient[RawBSONDocument](uri, document_class=RawBSONDocument) as client:
        for name in databases:
            for collection in client[name].list_collection_names():
                _look_through(search, f"{name}.{collection}", client[name][collection].find({}), needles)
        _look_through(search, "the oplog", client["local"]["oplog.rs"].find({"ts": {"$gte": since}}), needles)
    return search


def oplog_now(uri: str) -> bson.Timestamp:
    """The oplog's place at this moment."""
    with MongoClient[dict[str, bson.Timestamp]](uri) as client:
        newest = client["local"]["oplog.rs"].find_one({}, sort=[("$natural", -1)])
        assert newest is not None  # noqa: S101 - a replica set's oplog begins with the set
        return newest["ts"]


def databases_of(uri: str, prefix: str) -> list[str]:
    """All databases of the platform with this prefix, whatever it made of them."""
    with MongoClient[dict[str, object]](uri) as client:
        return [name for name in client.list_database_names() if name.startswith(f"{prefix}pulang")]


def _look_through(search: Search, where: str, documents: Iterable[RawBSONDocument], needles: Needles) -> None:
    for document in documents:
        search.look(where, bytes(document.raw), needles)
