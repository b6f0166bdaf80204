"""What the runtime must have made of the ledger's events: a model without database, transactions or processes."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from shared.events.incoming import Partition, Record
from tests.support.ledger import OWN

LATE = "late"
"""The account that events may wait for."""


@dataclass(frozen=True)
class Told:
    """One published event as the model sees it."""

    record: Record
    id: str
    account: str
    amount: int
    flavour: str = "good"
    """good, refused, waiting (for LATE), big (no database takes what comes of it) or unreadable."""

    @property
    def topic(self) -> str:
        """Its channel."""
        return self.record.partition.topic

    @property
    def place(self) -> tuple[str, int, int]:
        """Where it lies."""
        return self.topic, self.record.partition.number, self.record.offset

    @property
    def readable(self) -> bool:
        """Whether it has an id."""
        return self.flavour != "unreadable"


@dataclass
class Waiting:
    """One parked key."""

    rows: list[Told] = field(default_factory=list)
    waits: bool = False
    releasing: bool = False


@dataclass
class Model:
    """The state that must be there."""

    published: defaultdict[Partition, list[Told]] = field(default_factory=lambda: defaultdict(list))
    next: dict[Partition, int] = field(default_factory=dict)
    inbox: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    logs: defaultdict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    parked: dict[tuple[str, str], Waiting] = field(default_factory=dict)
    aside: set[tuple[object, ...]] = field(default_factory=set)
    """Quarantined facts by what they are, dead letters by their place."""
    broken: set[str] = field(default_factory=set)
    emitted: Counter[str] = field(default_factory=Counter)
    alarms: int = 0

    def apply(self, partition: Partition, count: int) -> None:
        """The next events of a partition, in one transaction."""
        start = self.next.get(partition, 0)
        batch = self.published[partition][start : start + count]
        known = set(self.logs)
        for told in batch:
            self._decide(told)
        self.next[partition] = start + len(batch)
        self._created(known)

    def mark(self, key: tuple[str, str]) -> None:
        """An operator asks for a release."""
        if key in self.parked:
            self.parked[key].releasing, self.parked[key].waits = True, False

    def sweep(self) -> None:
        """The releaser's round."""
        for head in self.parked.values():
            if head.waits and not head.releasing and LATE in self.logs:
                head.releasing, head.waits = True, False
        for key in [key for key, head in self.parked.items() if head.releasing]:
            self._release(key)

    def _created(self, known: set[str]) -> None:
        if LATE in self.logs and LATE not in known:
            for head in self.parked.values():
                head.releasing |= head.waits

    def _decide(self, told: Told) -> None:
        if not told.readable:
            return self._park(told, "") if told.topic == OWN else self._bury(told)
        known = self.inbox.get((told.topic, told.id))
        if known:
            return self._again(told, known[1])
        outcome = self._fresh(told)
        self.inbox[told.topic, told.id] = (outcome, told.amount)
        return None

    def _fresh(self, told: Told) -> str:
        if (told.topic, told.account) in self.parked:
            self._park(told, "behind")
            return "PARKED"
        reason = self._refusal(told)
        if reason is None:
            self._effect(told)
            return "APPLIED"
        if told.topic == OWN:
            self._park(told, reason)
            return "PARKED"
        self.aside.add((told.topic, told.id, told.amount))
        return "QUARANTINED"

    def _again(self, told: Told, amount: int) -> None:
        if told.amount == amount:
            return
        self.alarms += 1
        if told.topic == OWN:
            self._bury(told)
        else:
            self.aside.add((told.topic, told.id, told.amount))

    def _refusal(self, told: Told) -> str | None:
        if told.flavour == "waiting" and LATE not in self.logs:
            return "waits"
        if told.flavour == "refused" or told.account in self.broken:
            return "refused"
        return "unsavable" if told.flavour == "big" else None

    def _effect(self, told: Told) -> None:
        self.logs[told.account].append((told.topic, told.amount))
        self.emitted["ledger-reports"] += 1

    def _bury(self, told: Told) -> None:
        self.aside.add(told.place)
        self.emitted["dead-letters"] += 1

    def _park(self, told: Told, reason: str) -> None:
        head = self.parked.get((told.topic, told.account))
        if head is None:
            head = self.parked[told.topic, told.account] = Waiting(waits=reason == "waits")
        head.rows.append(told)

    def _release(self, key: tuple[str, str]) -> None:
        head = self.parked[key]
        while head.rows:
            told = head.rows[0]
            reason = self._refusal(told) if told.readable else "unreadable"
            if reason is not None:
                head.releasing, head.waits = False, reason == "waits"
                return
            self._effect(told)
            self.inbox[told.topic, told.id] = ("APPLIED", told.amount)
            head.rows.pop(0)
        del self.parked[key]
