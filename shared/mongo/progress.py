"""Progress lives with the effect: the next offset per partition, moved in the transaction of what it counts."""

from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.errors import PyMongoError

from shared.events.incoming import Fenced, Partition
from shared.mongo.client import Mongo
from shared.mongo.transaction import Transaction, translated

PROGRESS = "progress"
NO_PULSES: Mapping[Partition, datetime] = MappingProxyType({})


class Progress:
    """One consumer's positions. What this process last saved is the guard of what it saves next. INVARIANT 1."""

    def __init__(self, mongo: Mongo, consumer: str) -> None:
        self._mongo = mongo
        self._consumer = consumer
        self._known: dict[Partition, int | None] = {}

    async def read(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """Take partitions over: learn the saved positions, and forget those of partitions that are gone.

        Raises Transient while the database cannot say.
        """
        ids = {self._id(partition): partition for partition in partitions}
        try:
            rows = await self._mongo.collection(PROGRESS).find({"_id": {"$in": list(ids)}}).to_list(None)
        except PyMongoError as error:
            raise translated(error) from error
        found = {ids[row["_id"]]: int(row["next"]) for row in rows}
        self._known = {partition: found.get(partition) for partition in partitions}
        return found

    def next(self, partition: Partition) -> int:
        """The first offset that is not applied yet."""
        return self._known[partition] or 0

    async def check(self, tx: Transaction, partitions: Collection[Partition]) -> None:
        """Raise Fenced where the saved positions are not the ones that this process saved."""
        if any(partition not in self._known for partition in partitions):
            raise Fenced
        ids = {self._id(partition): partition for partition in partitions}
        saved = {ids[row["_id"]]: int(row["next"]) for row in await tx.find(PROGRESS, {"_id": {"$in": list(ids)}})}
        if any(saved.get(partition) != self._known[partition] for partition in partitions):
            raise Fenced

    async def save(
        self, tx: Transaction, positions: Mapping[Partition, int], fresh: Mapping[Partition, datetime] = NO_PULSES
    ) -> None:
        """Move positions forward over the ones that were read; a lost guard is a Conflict, then Fenced.

        `fresh` says up to when everything of a partition has been applied, where a pulse told it.
        """
        writes: list[Any] = []
        for partition, position in positions.items():
            id_, known = self._id(partition), self._known[partition]
            row = {"next": position} | ({"fresh_as_of": fresh[partition]} if partition in fresh else {})
            if known is None:
                writes.append(InsertOne({"_id": id_, **row}))
            else:
                writes.append(UpdateOne({"_id": id_, "next": known}, {"$set": row}))
        await tx.write(PROGRESS, writes, guarded=len(writes))

    def saved(self, positions: Mapping[Partition, int]) -> None:
        """The transaction that moved these positions is durable."""
        self._known.update(positions)

    def _id(self, partition: Partition) -> str:
        return progress_id(self._consumer, partition)


def progress_id(consumer: str, partition: Partition) -> str:
    """The id of the row of one consumer's partition."""
    return f"{consumer}|{partition.topic}|{partition.number}"
