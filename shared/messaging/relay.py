"""From the outbox to Kafka: at least once, each key in order, deleted after the brokers' acknowledgement."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from shared.messaging.holding import Holding
from shared.messaging.ports import Leases, Outbox, Outgoing
from shared.messaging.producer import DeliveryUnknown, Producer
from shared.messaging.settings import Kafka
from shared.observability.joining import joined
from shared.observability.metrics import Metrics

log = structlog.get_logger(__name__)

CLOSING_S = 1.0
"""For each of the three steps of leaving, at most."""
TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


class Place(NamedTuple):
    """A partition, as the platform names it."""

    topic: str
    partition: int


class Key(NamedTuple):
    """What order is promised for."""

    topic: str
    key: str


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """`name` tells the services' leases apart. Times in seconds, `page` in rows."""

    name: str
    shards: tuple[int, ...]
    page: int = 1000
    sweep_s: float = 1.0
    keep_s: float = 0.5
    """How often leases are looked at; also how soon a released one is taken over."""
    send_s: float = 20.0
    stop_s: float = 5.0
    """For the page under way when asked to stop."""
    refused_s: float = 60.0
    """How long a key is left alone whose row the brokers refuse as too large."""
    stale_s: float = 30.0
    """Unhealthy when no sweep was complete for this long."""


@dataclass(slots=True)
class _Sweep:
    """What one sweep has run into."""

    shards: list[int]
    complete: bool = True
    stopped: set[Place] = field(default_factory=set)


class Relay:
    """Sweeps the outbox of the shards it holds leases for; `run` until `stop`.

    A sweep every second is the truth, and wakes only make it sooner. There is nothing to resume: what is in the
    outbox is not yet acknowledged. Per partition one batch is under way, and the next follows only its
    acknowledgement (see `producer`), so the acknowledged rows of a key are always a prefix of its rows. A partition
    whose send failed rests until the next sweep, which has a new producer. A lease guards against double work, not
    against duplicates: Kafka cannot check it, and receivers drop what they have applied, by id.

    `probe` is told the crash points "after_send" and "after_delete".
    """

    def __init__(
        self,
        kafka: Kafka,
        settings: RelaySettings,
        *,
        outbox: Outbox,
        leases: Leases,
        metrics: Metrics,
        probe: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._metrics = metrics
        self._probe = probe
        self.producer = Producer(kafka, settings.send_s)
        self._stop = asyncio.Event()
        self._wake = asyncio.Event()
        self._holding = Holding(leases, settings.name, settings.shards, self._wake.set)
        self._alone: set[Place] = set()
        """Partitions that refused a batch as too large: their rows go one by one until the culprit is known."""
        self._refused: dict[Key, float] = {}
        self._complete_at: float | None = None

    def stop(self) -> None:
        """Ask `run` to finish the page under way and to release the leases."""
        self._stop.set()
        self._wake.set()

    def check(self) -> str | None:
        """None when healthy (also while another process holds the leases), else a code."""
        if self._refused:
            return "REFUSED_AS_TOO_LARGE"
        late = self._complete_at is not None and self._age() > self._settings.stale_s
        return "STALE" if late and self._holding.held() else None

    async def run(self) -> None:
        """Relay until `stop`."""
        self._complete_at = _now()
        tasks = [asyncio.create_task(each) for each in self._background()]
        work = asyncio.create_task(self._work())
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({work, stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            self.stop()
            await asyncio.wait({work}, timeout=self._settings.stop_s)
            _raise_first([task for task in (work, *tasks) if task.done()])
        finally:
            await self._close([stopping, work, *tasks])

    def _background(self) -> list[Coroutine[Any, Any, None]]:
        return [self._holding.keep(self._settings.keep_s, self._stop), self._listen()]

    async def _close(self, tasks: list[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=CLOSING_S)
        releasing = asyncio.create_task(self._holding.release())
        await asyncio.wait({releasing}, timeout=CLOSING_S)
        await self.producer.stop(CLOSING_S)

    async def _listen(self) -> None:
        """Wakes may fail or end at any time; sweeps don't depend on them."""
        while True:
            try:
                async for _ in self._outbox.wakes():
                    self._wake.set()
            except Exception:
                log.warning("no_wakes", exc_info=True)
            await asyncio.sleep(self._settings.sweep_s)

    async def _work(self) -> None:
        await self.producer.start()
        while not self._stop.is_set():
            self._wake.clear()
            if await self._swept():
                await self._rest(self._wake)
            else:
                await self._rest(self._stop)  # after a failure, nothing makes it sooner

    async def _rest(self, until: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.sweep_s):
                await until.wait()

    async def _swept(self) -> bool:
        """One sweep; False where it left something behind. The outbox's outages are waited out here."""
        began = _now()
        sweep = _Sweep(self._holding.held())
        self._refused = {key: until for key, until in self._refused.items() if until > began}
        try:
            if sweep.shards:
                await self._sweep(sweep)
            if sweep.stopped:
                await self.producer.replace()
        except Exception:
            log.exception("sweep_failed")
            sweep.complete = False
        whole = sweep.complete and not sweep.stopped
        if whole and not self._refused:
            self._complete_at = began
            self._alone.clear()
        return whole

    def _age(self) -> float:
        """No row is older: the last complete sweep has sent all that was there when it began."""
        return _now() - (self._complete_at or _now())

    async def _sweep(self, sweep: _Sweep) -> None:
        """Three things at once: one page is read, the one before sent, the one before that deleted."""
        pages = self._outbox.rows(sweep.shards, self._settings.page)
        deleting: asyncio.Task[None] | None = None
        reading = asyncio.ensure_future(_next_page(pages))
        try:
            while page := await reading:
                if self._stop.is_set() or not self._holding.good(sweep.shards):
                    sweep.complete = False
                    break
                reading = asyncio.ensure_future(_next_page(pages))
                acked = await self._send(page, sweep)
                if deleting:
                    await deleting
                deleting = asyncio.create_task(self._delete(acked))
        finally:
            reading.cancel()
            await asyncio.wait({reading, deleting} if deleting else {reading})
        if deleting:
            await deleting

    async def _delete(self, ids: Sequence[str]) -> None:
        """Also after the lease is gone: an acknowledged row is done, whoever sent it."""
        if ids:
            await self._outbox.delete(ids)
            self._probe("after_delete")

    async def _send(self, page: Sequence[Outgoing], sweep: _Sweep) -> list[str]:
        """Send a page, partitions side by side; answers the ids that were acknowledged."""
        by_place: defaultdict[Place, list[Outgoing]] = defaultdict(list)
        for row in page:
            if place := await self._place(row, sweep):
                by_place[place].append(row)
        acked = await asyncio.gather(*(self._send_to(place, rows, sweep) for place, rows in by_place.items()))
        return [id_ for ids in acked for id_ in ids]

    async def _place(self, row: Outgoing, sweep: _Sweep) -> Place | None:
        """Where a row goes now; None where it has to wait."""
        nowhere = Place(row.topic, -1)
        if Key(row.topic, row.key) in self._refused or nowhere in sweep.stopped:
            return None
        try:
            place = Place(row.topic, await self.producer.partition(row.topic, row.key))
        except (KafkaError, DeliveryUnknown) as error:
            self._failed(nowhere, error, sweep, row)
            return None
        return None if place in sweep.stopped else place

    async def _send_to(self, place: Place, rows: Sequence[Outgoing], sweep: _Sweep) -> list[str]:
        """One partition's rows, batch after batch; ends at the first that is not acknowledged."""
        acked: list[str] = []
        while len(acked) < len(rows):
            if not self._holding.good(sweep.shards):
                sweep.complete = False
                break
            rest = rows[len(acked) : len(acked) + 1] if place in self._alone else rows[len(acked) :]
            try:
                count = await self.producer.send(*place, rest)
            except TOO_LARGE as error:
                self._too_large(place, rest, error)
                self._failed(place, error, sweep, rest[0])
                break
            except (KafkaError, DeliveryUnknown) as error:
                self._failed(place, error, sweep, rest[0])
                break
            self._probe("after_send")
            self._metrics.relay_sent.labels(place.topic, "ACKED").inc(count)
            acked.extend(row.id for row in rest[:count])
        return acked

    def _failed(self, place: Place, error: Exception, sweep: _Sweep, first: Outgoing) -> None:
        """The line names the act of the first row that is held up; the others follow it."""
        sweep.stopped.add(place)
        self._metrics.relay_sent.labels(place.topic, "FAILED").inc()
        where = {"topic": place.topic, "partition": place.partition, "row": first.id}
        log.warning("send_failed", error=type(error).__name__, **where, **joined(*first.ties))

    def _too_large(self, place: Place, sent: Sequence[Outgoing], error: Exception) -> None:
        """A batch may be too large though no row is, so the next sweep sends them one by one; then the row shows."""
        if place not in self._alone:
            self._alone.add(place)
            return
        row = sent[0]
        self._refused[Key(row.topic, row.key)] = _now() + self._settings.refused_s
        what = {"topic": row.topic, "row": row.id, "bytes": len(row.value), "error": type(error).__name__}
        log.error("row_refused", **what, **joined(*row.ties))


async def _next_page(pages: AsyncIterator[list[Outgoing]]) -> list[Outgoing] | None:
    return await anext(pages, None)


def _raise_first(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.result()


def _now() -> float:
    return asyncio.get_running_loop().time()
