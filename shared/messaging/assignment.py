"""Which partitions are ours, where they stand, and which of them must not flow."""

from collections.abc import Iterable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events.incoming import Partition
from shared.messaging.batch import Batch
from shared.messaging.ports import Halted, Lane
from shared.messaging.settings import Kafka
from shared.observability.metrics import Metrics

log = structlog.get_logger(__name__)


class LogStartsLater(Exception):
    """Records that we have not applied are gone from the log: no reset can bring them back, a person must look."""

    def __init__(self, partition: Partition, next_: int, start: int) -> None:
        super().__init__(f"{partition.topic}/{partition.number}: next is {next_}, the log starts at {start}")


class Assignment:
    """Owns epoch, positions and pauses of one consumer.

    aiokafka has eager assignors only: each rebalance takes all partitions away, so one epoch for all is enough. Every
    epoch begins with a seek to the saved progress; so whatever is dropped because its epoch is over comes again.
    """

    def __init__(self, kafka: Kafka, client: AIOKafkaConsumer, metrics: Metrics) -> None:
        self.epoch = 0
        self.joined = False
        self.owned: frozenset[Partition] = frozenset()
        self.next: dict[Partition, int] = {}
        """The offset to apply next, of each partition that was sought in this epoch."""
        self.halted: dict[Partition, str] = {}
        self._moved: dict[Partition, int] = {}
        self.pressed = False
        self._kafka = kafka
        self._client = client
        self._metrics = metrics

    @property
    def unplaced(self) -> bool:
        """Whether partitions wait for `place`."""
        return self.next.keys() != self.owned

    def take(self, places: Iterable[TopicPartition]) -> None:
        """A new assignment; nothing flows before `place`.

        Without a position aiokafka would start from the group's committed offset, before we have asked the
        database: the pause and the placeholder are set before it can, since nothing is awaited in between.
        """
        self.joined = True
        self._begin(self._kafka.logical(place) for place in places)
        for place in self._places():
            self._client.seek(place, 0)
        self._pause()

    def drop(self) -> None:
        """Everything was taken away; what is still under way belongs to a past epoch."""
        self._begin(())

    def fence(self) -> None:
        """Somebody else moved our progress: place again before anything flows."""
        self._begin(self.owned)
        self._pause()

    async def place(self, lane: Lane) -> None:
        """Seek to the saved progress, or to the beginning where there is none. Raises LogStartsLater."""
        epoch = self.epoch
        saved = await lane.positions(self.owned)
        starts = await self._client.beginning_offsets(self._places())
        if epoch != self.epoch:
            return
        for partition in self.owned:
            self._seek(partition, saved.get(partition), starts[self._kafka.place(partition)])
        if not self.pressed:
            self.release()

    def moved(self, batch: Batch) -> None:
        """A batch was applied. Progress of a past epoch is not ours to report."""
        if batch.epoch != self.epoch:
            return
        ends = {partition: record.offset + 1 for partition, record in batch.last().items()}
        self.next.update(ends)
        self._moved.update(ends)

    def uncommitted(self) -> dict[TopicPartition, int]:
        """Hand over what the group's offsets lag behind."""
        moved, self._moved = self._moved, {}
        return {self._kafka.place(partition): offset for partition, offset in moved.items()}

    def halt(self, halted: Halted) -> None:
        """Stop one partition for this process's life; the others go on."""
        partition = halted.partition
        self.halted[partition] = halted.signature
        self._metrics.halted.labels(partition.topic, partition.number).set(1)
        log.error("partition_halted", topic=partition.topic, partition=partition.number, signature=halted.signature)
        if partition in self.owned:
            self._client.pause(self._kafka.place(partition))

    def press(self) -> None:
        """Back-pressure: fetch nothing until `release`."""
        self.pressed = True
        self._pause()

    def release(self) -> None:
        """Let flow what may flow: neither halted nor waiting to be placed."""
        self.pressed = False
        if not self.unplaced:
            self._client.resume(*self._places(self.owned - self.halted.keys()))

    def _begin(self, owned: Iterable[Partition]) -> None:
        self.epoch += 1
        self.owned = frozenset(owned)
        self.next, self._moved = {}, {}

    def _seek(self, partition: Partition, saved: int | None, start: int) -> None:
        next_ = start if saved is None else saved
        if next_ < start:
            log.error("log_starts_later", topic=partition.topic, partition=partition.number, next=next_, start=start)
            raise LogStartsLater(partition, next_, start)
        self._client.seek(self._kafka.place(partition), next_)
        self.next[partition] = next_

    def _pause(self) -> None:
        self._client.pause(*self._places())

    def _places(self, partitions: Iterable[Partition] | None = None) -> list[TopicPartition]:
        return [self._kafka.place(partition) for partition in (self.owned if partitions is None else partitions)]
