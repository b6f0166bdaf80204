"""One lane per process: poll and decode the next batch while the present one is saved."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.kernel.clock import Clock, system_clock
from shared.messaging.assignment import Assignment
from shared.messaging.batch import Batch, Decode, cut, decoded, records_of
from shared.messaging.connect import RETRY_S, connect
from shared.messaging.lag import Lag
from shared.messaging.ports import Fenced, Halted, Lane
from shared.messaging.safe_reading import read_safely
from shared.messaging.settings import ConsumerSettings, Kafka
from shared.messaging.watchdog import Watchdog
from shared.observability.metrics import Metrics

log = structlog.get_logger(__name__)


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads topics into a lane, until `stop` or failure.

    `run` owns the client and four tasks: poll, work (the lane), commit and watch. Commits and the watch are tasks of
    their own because a poll ignores its time-out during a rebalance. A task that ends early ends `run` with its error,
    and the caller ends the process: nothing is lost, since progress lives with the effect.

    At most one batch is in the lane and one waits for it. `waiting` says whether the lane waits for the database.
    `probe` is told the crash points "after_fetch" and "after_offset_commit".
    """

    def __init__(
        self,
        kafka: Kafka,
        settings: ConsumerSettings,
        *,
        lane: Lane,
        decode: Decode,
        metrics: Metrics,
        waiting: Callable[[], bool] = lambda: False,
        probe: Callable[[str], None] = lambda _: None,
        clock: Clock = system_clock,
    ) -> None:
        self._kafka = kafka
        self._settings = settings
        self._lane = lane
        self._decode = decode
        self._metrics = metrics
        self._lane_waits = waiting
        self._probe = probe
        self._clock = clock
        self._client: AIOKafkaConsumer
        self._assignment: Assignment | None = None
        self._watchdog: Watchdog
        self._lag: Lag
        self._batch: Batch | None = None
        self._polled = False
        self._holding = False
        self._failure: BaseException | None = None
        self._stop = asyncio.Event()
        self._news = asyncio.Event()
        """Work for the lane may have come."""
        self._room = asyncio.Event()
        """The waiting place is free."""
        self._idle = asyncio.Event()
        """The lane is between two pieces of work."""
        self._applied = asyncio.Event()
        self._room.set()
        self._idle.set()

    def stop(self) -> None:
        """Ask `run` to finish: the batch in the lane is applied and committed, the group left at once."""
        self._stop.set()
        self._news.set()
        self._room.set()

    def check(self) -> str | None:
        """None when healthy, else a code with its place."""
        if self._assignment is None or not self._assignment.joined:
            return "JOINING"
        if self._assignment.halted:
            return "HALTED " + ", ".join(sorted(f"{p.topic}/{p.number}" for p in self._assignment.halted))
        return "STALLED" if self._watchdog.late else None

    async def run(self) -> None:
        """Consume until `stop`; raises what ended it otherwise."""
        stopping = asyncio.create_task(self._stop.wait())
        connecting = asyncio.create_task(connect(self._make_client))
        await asyncio.wait({stopping, connecting}, return_when=asyncio.FIRST_COMPLETED)
        if self._stop.is_set():
            connecting.cancel()
            await asyncio.wait({connecting}, timeout=self._settings.budgets.leave_s)
            return
        self._begin(await connecting)
        tasks = [asyncio.create_task(each()) for each in (self._poll, self._work, self._commits, self._watch)]
        try:
            await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            self._raise_failure(tasks)
        finally:
            stopping.cancel()
            await self._leave(tasks)

    def _make_client(self) -> AIOKafkaConsumer:
        group = self._kafka.actual(self._settings.group)
        read_safely()
        return AIOKafkaConsumer(group_id=group, **self._settings.client(), **self._kafka.client())

    def _begin(self, client: AIOKafkaConsumer) -> None:
        self._client = client
        self._assignment = Assignment(self._kafka, client, self._metrics)
        self._lag = Lag(self._kafka, client, self._assignment, self._metrics)
        loop = asyncio.get_running_loop()
        self._watchdog = Watchdog(self._settings.stall_s, self._lane_waits, loop.time)
        client.subscribe([self._kafka.actual(topic) for topic in self._settings.topics], listener=self)

    def _raise_failure(self, tasks: Collection[asyncio.Task[None]]) -> None:
        if self._failure is not None:
            raise self._failure
        for task in tasks:
            if task.done():
                task.result()
                if not self._stop.is_set():
                    raise RuntimeError("a task of the consumer ended by itself")

    async def _leave(self, tasks: Collection[asyncio.Task[None]]) -> None:
        """Drain, then leave the group. The poll is never joined: in a rebalance it may not come back in time."""
        budgets = self._settings.budgets
        await self._drain()
        closing = asyncio.create_task(self._client.stop())  # calls no listener, hence the drain before it
        await asyncio.wait({closing}, timeout=budgets.leave_s)
        for task in (closing, *tasks):
            task.cancel()  # the client is closed: a cancelled poll can no longer hurt
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    # The rebalance: aiokafka logs and swallows what a listener raises.

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Finish the batch in the lane, commit, then fence; all under one deadline."""
        with self._guarded():
            await self._drain()
            self._state.drop()
            self._discard()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Take over; the lane places the partitions as its next piece of work."""
        with self._guarded():
            self._state.take(assigned)
            self._holding = False
            self._watchdog.progress()
            self._news.set()

    @property
    def _state(self) -> Assignment:
        if self._assignment is None:
            raise RuntimeError("the consumer does not run")
        return self._assignment

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            log.exception("rebalance_failed")
            self._failure = error
            self.stop()

    async def _drain(self) -> None:
        self._holding = True
        budgets = self._settings.budgets
        deadline = asyncio.get_running_loop().time() + budgets.drain_s
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline - budgets.commit_floor_s):
                await self._idle.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._commit()

    def _discard(self) -> None:
        self._batch = None
        self._room.set()

    # Poll: never cancelled, since aiokafka 0.14 then loses its max_poll_interval watchdog for good.

    async def _poll(self) -> None:
        while not self._stop.is_set():
            await self._wait_for_room()
            epoch, records = await self._fetch()
            for piece in cut(records, self._settings.max_records, self._settings.max_bytes):
                await self._wait_for_room()
                if self._stop.is_set():
                    return
                self._offer(Batch(epoch, await decoded(piece, self._decode)))
            self._polled = False

    async def _fetch(self) -> tuple[int, list[Any]]:
        polled = await self._client.getmany(timeout_ms=int(self._settings.poll_s * 1000))
        self._polled = bool(polled)
        if polled:
            self._probe("after_fetch")
        records = records_of(self._kafka, polled)
        return self._state.epoch, [record for record in records if record.partition in self._state.next]

    def _offer(self, batch: Batch) -> None:
        self._batch = batch
        self._room.clear()
        self._news.set()

    async def _wait_for_room(self) -> None:
        """While the lane is behind: fetch nothing, and keep polling so that the group does not take us for dead."""
        while not self._room.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.pressure_s):
                    await self._room.wait()
            if not self._room.is_set():
                self._state.press()
                if await self._client.getmany(timeout_ms=0):
                    self._fence()  # came through all pauses; it must not be lost
        if self._state.pressed and not self._stop.is_set():
            self._state.release()

    # The lane.

    async def _work(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            if not self._holding and self._state.unplaced:
                await self._busy(self._place)
            elif not self._holding and self._batch is not None:
                await self._busy(self._apply_next)
            else:
                await self._news.wait()

    async def _busy(self, work: Callable[[], Any]) -> None:
        self._idle.clear()
        try:
            await work()
        finally:
            self._idle.set()

    async def _place(self) -> None:
        try:
            await self._state.place(self._lane)
        except KafkaError as error:
            log.warning("positions_unknown", error=type(error).__name__)
            await asyncio.sleep(RETRY_S)

    async def _apply_next(self) -> None:
        batch = self._batch
        self._discard()
        if batch is None or batch.epoch != self._state.epoch:
            return
        self._lag.at({partition: record.timestamp_ms for partition, record in batch.first().items()})
        try:
            with self._metrics.batch_duration.time():
                await self._apply(batch)
        except Fenced:
            log.warning("fenced")
            self._fence()

    async def _apply(self, batch: Batch) -> None:
        """Apply, without the partitions that are or become halted."""
        while (batch := batch.without(self._state.halted)).events:
            try:
                await self._lane.apply(batch.events)
            except Halted as halted:
                self._state.halt(halted)
            else:
                self._state.moved(batch)
                self._lag.at({partition: record.timestamp_ms for partition, record in batch.last().items()})
                self._watchdog.progress()
                self._applied.set()
                return

    def _fence(self) -> None:
        self._state.fence()
        self._discard()
        self._news.set()

    # Offsets of the group: nobody reads them but lag tools.

    async def _commits(self) -> None:
        while True:
            await self._applied.wait()
            self._applied.clear()
            await self._commit()

    async def _commit(self) -> None:
        offsets = self._state.uncommitted()
        if not offsets:
            return
        try:
            await self._client.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            # The partitions are somebody else's by now (aio-libs/aiokafka#929); he begins at the saved progress.
            log.info("commit_too_late", error=type(error).__name__)
        else:
            self._probe("after_offset_commit")

    # The watch.

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(min(5.0, self._settings.stall_s / 4))
            try:
                lag = await self._lag.measure(self._clock, self._quiet)
            except (KafkaError, TimeoutError):
                self._watchdog.progress()  # brokers are away: no news of us
                continue
            behind = sum(events for partition, events in lag.items() if partition not in self._state.halted)
            self._watchdog.look(behind + self._holding)  # a rebalance that never ends is a stall, too

    @property
    def _quiet(self) -> bool:
        return self._idle.is_set() and self._batch is None and not self._polled
