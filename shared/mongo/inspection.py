"""What an operator may see: envelopes, reasons and counts. Never content; operators hold no keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.mongo.client import Document, Mongo
from shared.mongo.parking import HEADS, ROWS
from shared.mongo.refusals import DEAD_LETTERS, QUARANTINE

ENVELOPE = ("topic", "partition", "offset", "owner", "reason", "type", "size", "at")


@dataclass
class Inspection:
    """One service's parked, quarantined and dead messages."""

    mongo: Mongo

    async def parked(self) -> list[Document]:
        """One line per parked key."""
        heads = await self.mongo.collection(HEADS).find({}).sort([("since", 1)]).to_list(None)
        return [_pick(head, ("topic", "key", "count", "reason", "releasing", "waits_for", "since")) for head in heads]

    async def parked_key(self, head_id: str) -> list[Document]:
        """The rows of one key, in the order in which a release would try them."""
        rows = await self.mongo.collection(ROWS).find({"head": head_id}).sort([("position", 1)]).to_list(None)
        return [_pick(row, ("position", "partition", "offset", "reason", "at")) for row in rows]

    async def quarantined(self) -> list[Document]:
        """Partners' facts that wait for a reviewer."""
        return await self._envelopes(QUARANTINE)

    async def dead(self) -> list[Document]:
        """What could not be read."""
        return await self._envelopes(DEAD_LETTERS)

    async def _envelopes(self, name: str) -> list[Document]:
        rows = await self.mongo.collection(name).find({}, dict.fromkeys(ENVELOPE, 1)).sort([("at", 1)]).to_list(1000)
        return [_pick(row, ENVELOPE) for row in rows]


def _pick(document: Mapping[str, Any], names: tuple[str, ...]) -> Document:
    return {"id": document["_id"], **{name: document.get(name) for name in names}}
