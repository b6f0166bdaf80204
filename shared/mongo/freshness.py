"""Whether what we know of another service's facts is recent enough to act on. INVARIANT: a kill switch holds in 5 s."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.events.incoming import Partition
from shared.events.registry import TopicSpec
from shared.kernel.command import Unavailable
from shared.mongo.answering import answering
from shared.mongo.client import Mongo
from shared.mongo.parking import HEADS
from shared.mongo.progress import PROGRESS, progress_id

GOOD_FOR_S = 0.5
"""How long one good answer is believed; part of the promise's five seconds."""


@dataclass
class Freshness:
    """Fresh: on each partition a pulse younger than `max_age_s` was applied, and nothing of the topic is parked.

    All times are those of database servers, so that no process's clock can make old knowledge look young.
    """

    mongo: Mongo
    consumer: str
    topic: TopicSpec
    max_age_s: float = 5.0
    monotonic: Callable[[], float] = time.monotonic
    _good_until: float = field(default=0.0, init=False)

    async def check(self) -> None:
        """Return where what we know is fresh; raises Unavailable with `DIRECTORY_STALE` otherwise."""
        asked_at = self.monotonic()
        if asked_at < self._good_until:
            return
        if not await self._is_fresh():
            raise Unavailable("DIRECTORY_STALE")
        self._good_until = asked_at + GOOD_FOR_S

    async def _is_fresh(self) -> bool:
        ids = [progress_id(self.consumer, Partition(self.topic.name, n)) for n in range(self.topic.partitions)]
        oldest = {"$subtract": ["$$NOW", int((self.max_age_s - GOOD_FOR_S) * 1000)]}
        young = {"_id": {"$in": ids}, "$expr": {"$gt": ["$fresh_as_of", oldest]}}
        prefix = f"{self.consumer}|{self.topic.name}"
        parked = {"_id": {"$gt": f"{prefix}|", "$lt": f"{prefix}}}"}, "count": {"$gt": 0}}
        with answering():
            fresh = await self.mongo.collection(PROGRESS).count_documents(young)
            held = await self.mongo.collection(HEADS).find_one(parked, {"_id": 1})
        return bool(fresh == self.topic.partitions) and held is None
