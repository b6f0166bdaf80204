"""Consumer, parking, release and relay against a model: random batches, repetitions, refusals, crashes, two workers."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from shared.events.incoming import Fenced, Partition
from shared.kernel.ids import new_id
from shared.kernel.timer import Timer
from shared.mongo.client import Mongo
from shared.mongo.indexes import ensure
from shared.mongo.releasing import mark
from tests.property.runtime_world import OUTPUTS, World
from tests.support.ledger import OWN, PARTNER, Account, Broken, Log
from tests.support.ledger_model import LATE, Model, Told
from tests.support.messaging import topics

pytestmark = pytest.mark.integration

HOME = {"a": Partition(OWN, 0), "b": Partition(OWN, 0), LATE: Partition(OWN, 0), "c": Partition(OWN, 1)}
FOREIGN = Partition(PARTNER, 0)
PARTITIONS = [Partition(OWN, 0), Partition(OWN, 1), FOREIGN]
STEPS = ("after_case", "after_audit", "after_outbox", "after_inbox", "before_commit", "after_commit")
KEYS = st.sampled_from(["a", "b", "c"])
WORKERS = st.sampled_from([0, 1])
PLACES = st.sampled_from(PARTITIONS)
SOME_PLACES = st.lists(PLACES, min_size=1, max_size=3, unique=True)
OWN_FLAVOURS = st.sampled_from(["good", "good", "good", "good", "refused", "waiting", "big", "unreadable"])
CRASHES = st.sampled_from([None, None, None, "after_commit", *STEPS])
COUNTS = st.integers(1, 6)
ORDINARY = settings(
    max_examples=80,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    print_blob=True,
    database=None,
)


class Machine(RuleBasedStateMachine):
    """Does the same to the runtime and to the model."""

    world: World
    runner: asyncio.Runner

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        self.logs = {p: Log(p.topic, p.number) for p in PARTITIONS}
        self.known: list[dict[Partition, int | None] | None] = [None, None]
        self.amount = 0
        Broken.accounts = self.model.broken
        self.do(self.world.wipe())

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        self.runner.run(work)

    def compare(self) -> None:
        self.do(self.world.same(self.model))

    # What the world does to us.

    @rule(told=st.lists(st.tuples(KEYS, OWN_FLAVOURS), min_size=1, max_size=6))
    def publish(self, told: list[tuple[str, str]]) -> None:
        for key, flavour in told:
            self._tell(HOME[key], new_id(), key, flavour)

    @rule()
    def publish_what_others_wait_for(self) -> None:
        self._tell(HOME[LATE], new_id(), LATE, "good")

    @rule(key=KEYS, flavour=st.sampled_from(["good", "good", "refused", "unreadable"]))
    def publish_a_partners(self, key: str, flavour: str) -> None:
        self._tell(FOREIGN, new_id(), key, flavour)

    @rule(place=PLACES, index=st.integers(0, 50), reused=st.booleans())
    def publish_again(self, place: Partition, index: int, reused: bool) -> None:
        told = self.model.published[place]
        if not told:
            return
        old = told[index % len(told)]
        if reused and old.readable:
            self._tell(place, old.id, old.account, "good")
        else:
            record = self.logs[place].record(old.account, old.record.value)
            told.append(Told(record, old.id, old.account, old.amount, old.flavour))

    def _tell(self, place: Partition, id_: str, account: str, flavour: str) -> None:
        self.amount += 1
        amount = self.amount if place.topic == OWN else -self.amount
        amount += 2**63 if flavour == "big" else 0
        if flavour == "unreadable":
            record = self.logs[place].record(account, b"{")
        else:
            flags = {"refuse": flavour == "refused", "waits": LATE if flavour == "waiting" else None}
            record = self.logs[place].added(account, amount, id_=id_, **flags)
        self.model.published[place].append(Told(record, id_, account, amount, flavour))

    @rule(key=KEYS)
    def break_(self, key: str) -> None:
        self.model.broken.add(key)

    @rule(key=KEYS)
    def mend(self, key: str) -> None:
        self.model.broken.discard(key)

    # What the processes do.

    @rule(worker=WORKERS)
    def take_over(self, worker: int) -> None:
        self.do(self.world.take(worker, PARTITIONS))
        self.known[worker] = {p: self.model.next.get(p) for p in PARTITIONS}

    @rule(worker=WORKERS, places=SOME_PLACES, count=COUNTS, step=CRASHES, fresh=st.sampled_from([True, True, False]))
    def apply(self, worker: int, places: list[Partition], count: int, step: str | None, fresh: bool) -> None:
        if fresh or self.known[worker] is None:
            self.take_over(worker)
        known = self.known[worker]
        assert known is not None
        parts = {p: self.model.published[p][known[p] or 0 : (known[p] or 0) + count] for p in places}
        batch = [told for part in parts.values() for told in part]
        if not batch:
            return
        if any(part and known[p] != self.model.next.get(p) for p, part in parts.items()):
            with pytest.raises(Fenced):
                self.do(self.world.apply(worker, batch))
        elif step is None:
            self.do(self.world.apply(worker, batch))
            for place, part in parts.items():
                self._applied(worker, place, len(part))
        else:
            self.do(self.world.apply(worker, batch, step))
            self._died(worker)
            self._interrupted(parts, step)
        self.compare()

    def _applied(self, worker: int, place: Partition, count: int) -> None:
        known = self.known[worker]
        assert known is not None
        if count:
            self.model.apply(place, count)
            known[place] = self.model.next[place]

    def _interrupted(self, parts: dict[Partition, list[Told]], step: str) -> None:
        """One transaction was made or none; of a batch that has to be applied in pieces, the first is less than all."""
        pieces = any(told.flavour == "big" for part in parts.values() for told in part)
        for place, part in parts.items():
            done = self.runner.run(self.world.saved(place)) - self.model.next.get(place, 0)
            assert done == 0 or step == "after_commit"
            assert pieces or done == (len(part) if step == "after_commit" else 0)
            if done:
                self.model.apply(place, done)

    def _died(self, worker: int) -> None:
        self.world.renew(worker)
        self.known[worker] = None

    @precondition(lambda self: self.model.parked)
    @rule(index=st.integers(0, 5))
    def ask_for_release(self, index: int) -> None:
        key = sorted(self.model.parked)[index % len(self.model.parked)]
        self.do(_marked(self.world.mongos[0], f"ledger|{key[0]}|{key[1]}"))
        self.model.mark(key)

    @rule(worker=WORKERS, step=CRASHES.filter(lambda step: step != "after_inbox"))
    def release(self, worker: int, step: str | None) -> None:
        marked = sum(head.releasing or head.waits for head in self.model.parked.values())
        if step is None or marked != 1 or self._in_pieces():
            self.do(self.world.sweep(worker))
            self.model.sweep()
        elif not self._releases_something():
            return  # nothing is tried, so there is no step to die at
        else:
            self.do(self.world.sweep(worker, step))
            self._died(worker)
            if step == "after_commit":
                self.model.sweep()
            else:
                self._only_marked()
        self.compare()

    def _in_pieces(self) -> bool:
        """Whether a release may take several transactions."""
        return any(told.flavour == "big" for head in self.model.parked.values() for told in head.rows)

    def _releases_something(self) -> bool:
        (head,) = [head for head in self.model.parked.values() if head.releasing or head.waits]
        return head.releasing or LATE in self.model.logs

    def _only_marked(self) -> None:
        """The sweep's marks are durable before its releases are tried."""
        for head in self.model.parked.values():
            if head.waits and not head.releasing:
                head.releasing, head.waits = True, False

    @rule(count=COUNTS, foreign=COUNTS)
    def both_workers_and_the_releaser_at_once(self, count: int, foreign: int) -> None:
        self.take_over(0)
        self.take_over(1)
        home = Partition(OWN, 0)
        mine, others = self._next(home, count), self._next(FOREIGN, foreign)
        self.do(self._together(mine, others))
        for place, batch, worker in ((home, mine, 0), (FOREIGN, others, 1)):
            if batch:
                self._applied(worker, place, len(batch))
        for _ in range(2):  # whichever came first, two more rounds end at the same
            self.do(self.world.sweep(0))
            self.model.sweep()
        self.compare()

    def _next(self, place: Partition, count: int) -> list[Told]:
        start = self.model.next.get(place, 0)
        return self.model.published[place][start : start + count]

    async def _together(self, mine: list[Told], others: list[Told]) -> None:
        work = [self.world.apply(n, batch) for n, batch in enumerate((mine, others)) if batch]
        await asyncio.gather(*work, self.world.sweep(1))

    @rule(failing=st.sampled_from([None, "after_send", "after_delete"]))
    def relay(self, failing: str | None) -> None:
        self.do(self.world.relay(failing))

    def teardown(self) -> None:
        if hasattr(self, "model"):
            self.compare()
            self.do(self.world.published(self.model))


async def _marked(mongo: Mongo, head: str) -> None:
    assert await mark(mongo, head)


@pytest.fixture
def machine(mongo_uri: str, kafka_bootstrap: str, unique: str) -> Iterator[type[Machine]]:
    """A machine on real servers, with a loop of its own."""
    with asyncio.Runner() as runner:
        mongos = [runner.run(_connected(mongo_uri, unique)) for _ in range(2)]
        opened = topics(kafka_bootstrap, [unique + name for name in OUTPUTS], partitions=1)
        runner.run(opened.__aenter__())
        world = runner.run(_started(mongos, kafka_bootstrap, unique))
        yield type("OnRealServers", (Machine,), {"world": world, "runner": runner})
        runner.run(world.close())
        runner.run(opened.__aexit__(None, None, None))
        for mongo in mongos:
            runner.run(mongo.close())
        Broken.accounts = set()


async def _connected(mongo_uri: str, database: str) -> Mongo:
    mongo = Mongo(mongo_uri, database)
    await ensure(mongo, [Account, Timer])
    return mongo


async def _started(mongos: list[Mongo], bootstrap: str, prefix: str) -> World:
    world = World(mongos, bootstrap, prefix)
    await world.start()
    return world


def test_whatever_happens_the_effects_are_the_models(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=ORDINARY)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_whatever_happens_for_longer(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(ORDINARY, max_examples=500, stateful_step_count=80))
