"""What must hold of the runtime, as functions: an ordinary test runs them, and a mutant of the runtime must fail them.

Each takes a fresh database and raises AssertionError where the runtime is wrong.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from shared.events.incoming import Fenced, Partition
from tests.support.ledger import OWN, Broken, Ledger, Log, ledger

Check = Callable[[str, str], Awaitable[None]]
PARTITIONS = [Partition(OWN, 0), Partition(OWN, 1)]


class Crash(BaseException):
    """Ends an attempt as a killed process would: nobody handles it."""


def crashing(step: str, visit: int = 1) -> Callable[[str], None]:
    """A probe that crashes at one of its visits to a step."""
    left = [visit]

    def probe(reached: str) -> None:
        left[0] -= reached == step
        if reached == step and left[0] == 0:
            raise Crash

    return probe


@asynccontextmanager
async def worker(mongo_uri: str, database: str):  # type: ignore[no-untyped-def]
    """A ledger that has taken the partitions over."""
    async with ledger(mongo_uri, database) as fresh:
        await fresh.lane.positions(PARTITIONS)
        yield fresh


@contextmanager
def crash(worker: Ledger, step: str, visit: int = 1) -> Iterator[None]:
    """The worker dies within; what it knew is gone."""
    worker.uow.probe = crashing(step, visit)
    with suppress(Crash):
        yield
    worker.uow.probe = lambda _: None


async def apply(worker: Ledger, *records) -> None:  # type: ignore[no-untyped-def]
    """Decode and apply."""
    await worker.lane.apply([worker.decode(record) for record in records])


async def redeliver(worker: Ledger, *records) -> None:  # type: ignore[no-untyped-def]
    """What Kafka would bring to whoever takes the partitions over."""
    saved = await worker.lane.positions(PARTITIONS)
    left = [r for r in records if r.offset >= saved.get(r.partition, 0)]
    if left:
        await apply(worker, *left)


async def log_of(worker: Ledger, account: str) -> list[int]:
    """The amounts in the order in which they were applied."""
    found = await worker.account(account)
    return list(found["log"]) if found else []  # type: ignore[call-overload]


async def same(worker: Ledger, account: str, wanted: list[int]) -> None:
    """An account's log is this."""
    found = await log_of(worker, account)
    assert found == wanted, f"{account}: {found}, wanted {wanted}"


async def a_repetition_has_no_second_effect(mongo_uri: str, database: str) -> None:
    """Killed by: skipping the inbox."""
    async with worker(mongo_uri, database) as ours:
        log = Log()
        first = log.added("a", 1, id_="same")
        await apply(ours, first, log.record("a", first.value))
        await apply(ours, log.record("a", first.value))
        await same(ours, "a", [1])


async def a_crash_between_two_transactions_of_a_batch_skips_nothing(mongo_uri: str, database: str) -> None:
    """Killed by: saving the batch's last offset with its first half."""
    async with worker(mongo_uri, database) as ours:
        log = Log()
        # The amount is too big to be saved, so the batch is applied in pieces.
        records = [log.added("a", 1), log.added("b", 2), log.added("big", 2**63), log.added("c", 3)]
        with crash(ours, "after_commit"):
            await apply(ours, *records)
        await redeliver(ours, *records)
        for account, wanted in (("a", [1]), ("b", [2]), ("c", [3])):
            await same(ours, account, wanted)
        assert [head["reason"] for head in await ours.rows("parked_heads")] == ["UNSAVABLE"]


async def each_partition_has_progress_of_its_own(mongo_uri: str, database: str) -> None:
    """Killed by: saving the greatest offset of all partitions."""
    async with worker(mongo_uri, database) as ours:
        ahead, behind = Log(partition=0), Log(partition=1)
        await apply(ours, *[ahead.added("a", n) for n in range(1, 6)], behind.added("b", 1))
        await redeliver(ours, behind.added("b", 2), behind.added("b", 3))
        await same(ours, "b", [1, 2, 3])


async def who_lost_a_partition_changes_nothing(mongo_uri: str, database: str) -> None:
    """Killed by: dropping the guard of the progress."""
    async with worker(mongo_uri, database) as zombie:
        log = Log()
        await apply(zombie, log.added("a", 1))
        late = [log.record("b", b"{"), log.added("a", 2)]
        async with worker(mongo_uri, database) as heir:
            await apply(heir, *late, log.added("a", 3))
        fenced = False
        try:
            await apply(zombie, *late)
        except Fenced:
            fenced = True
        assert fenced, "the zombie was let through"
        assert [row["next"] for row in await zombie.rows("progress")] == [4], "progress went back"
        assert len(await zombie.rows("parked")) == 1, "parked twice"
        await same(zombie, "a", [1, 2, 3])


async def progress_and_effect_are_one(mongo_uri: str, database: str) -> None:
    """Killed by: moving progress in a transaction of its own, before the save."""
    async with worker(mongo_uri, database) as ours:
        log = Log()
        records = [log.added("a", n) for n in (1, 2, 3)]
        with crash(ours, "before_commit"):
            await apply(ours, *records)
        await redeliver(ours, *records)
        await same(ours, "a", [1, 2, 3])


async def behind_a_refused_event_its_key_waits(mongo_uri: str, database: str) -> None:
    """Killed by: parking without the head document."""
    async with worker(mongo_uri, database) as ours:
        log = Log()
        Broken.accounts = {"a"}
        await apply(ours, log.added("a", 1), log.added("b", 9))
        Broken.accounts = set()
        await apply(ours, log.added("a", 2))
        await same(ours, "a", [])
        await same(ours, "b", [9])
        assert len(await ours.rows("parked")) == 2
