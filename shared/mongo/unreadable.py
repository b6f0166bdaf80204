"""Unreadable records of partners that still lie on their topics: it may be just what must not lie around."""

from collections.abc import Collection
from dataclasses import dataclass

from shared.events.incoming import Partition
from shared.mongo.client import Mongo
from shared.mongo.progress import PROGRESS
from shared.mongo.refusals import DEAD_LETTERS

AT_ONCE = 500


@dataclass(frozen=True)
class Unreadable:
    """Dead letters of one consumer whose records have not been deleted yet. `positions` are where to delete up to."""

    ids: tuple[str, ...]
    positions: dict[Partition, int]


async def left_on(mongo: Mongo, consumer: str, topics: Collection[str]) -> Unreadable:
    """What lies on these topics, with the saved progress of its partitions: everything before that is dealt with."""
    query = {"topic": {"$in": sorted(topics)}, "purged": False}
    rows = await mongo.collection(DEAD_LETTERS).find(query, {"topic": 1, "partition": 1}).to_list(AT_ONCE)
    places = {Partition(row["topic"], row["partition"]) for row in rows}
    names = {f"{consumer}|{place.topic}|{place.number}": place for place in places}
    saved = await mongo.collection(PROGRESS).find({"_id": {"$in": list(names)}}).to_list(None)
    return Unreadable(tuple(row["_id"] for row in rows), {names[row["_id"]]: row["next"] for row in saved})


async def mark_purged(mongo: Mongo, ids: Collection[str]) -> None:
    """Their records are gone."""
    await mongo.collection(DEAD_LETTERS).update_many({"_id": {"$in": list(ids)}}, {"$set": {"purged": True}})
