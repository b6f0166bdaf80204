"""How far a consumer is behind."""

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer

from shared.events.incoming import Partition
from shared.kernel.clock import Clock
from shared.messaging.assignment import Assignment
from shared.messaging.settings import Kafka
from shared.observability.metrics import Metrics

ASK_S = 10.0


class Lag:
    """Events and seconds behind, per partition; asks the brokers when told to."""

    def __init__(self, kafka: Kafka, client: AIOKafkaConsumer, assignment: Assignment, metrics: Metrics) -> None:
        self._kafka = kafka
        self._client = client
        self._assignment = assignment
        self._metrics = metrics
        self._stamps: dict[Partition, int] = {}

    def at(self, stamps_ms: Mapping[Partition, int]) -> None:
        """Remember when the records were written that each partition has come to."""
        self._stamps.update(stamps_ms)

    async def measure(self, clock: Clock, quiet: bool) -> dict[Partition, int]:
        """Events behind, per partition that was placed. Raises aiokafka's KafkaError or TimeoutError.

        `quiet` says that all that was polled is applied; then the client's own position counts, which has also
        passed what is no event: markers of transactions and what compaction removed.
        """
        next_ = dict(self._assignment.next)
        if not next_:
            return {}
        places = [self._kafka.place(partition) for partition in next_]
        async with asyncio.timeout(ASK_S):
            ends = await self._client.end_offsets(places)
            positions = {p: await self._client.position(p) for p in places} if quiet else {}
        behind = {}
        for partition, offset in next_.items():
            place = self._kafka.place(partition)
            behind[partition] = max(0, ends[place] - max(offset, positions.get(place, 0)))
        self._export(behind, clock)
        return behind

    def _export(self, behind: Mapping[Partition, int], clock: Clock) -> None:
        now_ms = clock().timestamp() * 1000
        for partition, events in behind.items():
            labels = (partition.topic, str(partition.number))
            self._metrics.consumer_lag.labels(*labels).set(events)
            age_s = max(0.0, now_ms - self._stamps.get(partition, now_ms)) / 1000 if events else 0.0
            self._metrics.consumer_lag_s.labels(*labels).set(age_s)
