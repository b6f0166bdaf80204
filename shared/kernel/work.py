"""What a rule gets to see and to change: loaded state in, new state and events out. No I/O is possible from here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from shared.kernel.aggregate import Aggregate, By, Entry, Need, Ref
from shared.kernel.context import Cause
from shared.kernel.errors import Kind, Reject
from shared.kernel.ids import new_id

A = TypeVar("A", bound=Aggregate)
Address = tuple[type[Aggregate], str]


class NotLoaded(LookupError):
    """A rule asked for something that it had not announced; the unit of work loads it and asks the rule again."""

    def __init__(self, need: Need) -> None:
        super().__init__(f"{need.kind.__name__} was not announced in needs")
        self.need = need


@dataclass(slots=True)
class Slot:
    """One aggregate within a unit of work: as loaded (None: absent, so far), and as it stands now."""

    loaded_version: int | None
    now: Aggregate | None


@dataclass(slots=True)
class Fact:
    """One line of an aggregate's timeline."""

    address: Address
    version: int
    code: str
    occurred_at: datetime
    detail: Mapping[str, Any]


@dataclass(slots=True)
class Emitted:
    """An event that leaves with the transaction: `data` is the typed body, `key` orders it on its topic."""

    data: BaseModel
    key: str
    subject: str
    id: str
    topic: str | None = None


@dataclass(slots=True)
class Overlay:
    """All that one attempt at a unit of work has loaded and changed, shared by its inputs in turn."""

    slots: dict[Address, Slot] = field(default_factory=dict)
    keys: dict[By, str | None] = field(default_factory=dict)
    dirty: set[Address] = field(default_factory=set)

    def loaded(self, need: Need) -> bool:
        """Whether this was read already, found or not."""
        if isinstance(need, Ref):
            return (need.kind, need.id) in self.slots
        return By(need.kind, need.key) in self.keys

    def current(self, need: Need) -> Aggregate | None:
        """The aggregate as the inputs so far leave it; raises NotLoaded where nobody looked yet."""
        if isinstance(need, By):
            try:
                id_ = self.keys[By(need.kind, need.key)]
            except KeyError:
                raise NotLoaded(need) from None
            return None if id_ is None else self.current(Ref(need.kind, id_))
        slot = self.slots.get((need.kind, need.id))
        if slot is None:
            raise NotLoaded(need)
        return slot.now

    def arrive(self, aggregate: Aggregate) -> None:
        """Take what was read; what an input already changed in this attempt stays as it is."""
        address = (type(aggregate), aggregate.id)
        if address in self.dirty:
            return
        self.slots[address] = Slot(aggregate.version, aggregate)
        for names in type(aggregate).unique:
            self.keys[unique_key(aggregate, names)] = aggregate.id

    def set(self, aggregate: Aggregate) -> None:
        """Take an input's final word on one aggregate, and keep the look-ups by key true."""
        kind = type(aggregate)
        slot = self.slots.setdefault((kind, aggregate.id), Slot(None, None))
        for names in kind.unique:
            if slot.now is not None:
                self.keys[unique_key(slot.now, names)] = None
            self.keys[unique_key(aggregate, names)] = aggregate.id
        slot.now = aggregate
        self.dirty.add((kind, aggregate.id))


def unique_key(aggregate: Aggregate, names: tuple[str, ...]) -> By:
    """The look-up that finds this aggregate by these fields."""
    return By(type(aggregate), tuple((name, getattr(aggregate, name)) for name in names))


class Work:
    """One input's layer over the overlay: it sees its own changes at once, others see them only if it succeeds."""

    def __init__(self, overlay: Overlay, now: datetime, cause: Cause, make_id: Callable[[], str] = new_id) -> None:
        self.now = now
        self.occurred_at = now
        self.cause = cause
        self.new_id = make_id
        self.changed: dict[Address, Aggregate] = {}
        self.facts: dict[Address, Fact] = {}
        self.events: list[Emitted] = []
        self.entries: list[Entry] = []
        self.withdrawn: set[tuple[str, str]] = set()
        self.answer: Any = None
        self._overlay = overlay

    def find(self, kind: type[A], id_: str) -> A | None:
        """The aggregate, or None."""
        own = self.changed.get((kind, id_))
        return cast(A, own) if own is not None else cast("A | None", self._overlay.current(Ref(kind, id_)))

    def get(self, kind: type[A], id_: str) -> A:
        """The aggregate; where it is missing the input is refused, and waits for it to come into being."""
        found = self.find(kind, id_)
        if found is None:
            raise Reject(f"UNKNOWN_{kind.__name__.upper()}", Kind.UNKNOWN, waits_for=Ref(kind, id_))
        return found

    def find_by(self, kind: type[A], **key: str) -> A | None:
        """The aggregate with this unique business key, or None."""
        need = kind.by(**key)
        for own in self.changed.values():
            if isinstance(own, kind) and unique_key(own, tuple(key)) == need:
                return own
        found = self._overlay.current(need)
        if found is not None and (kind, found.id) in self.changed:
            return None  # this very input gave it another key
        return cast("A | None", found)

    def put(self, aggregate: Aggregate, fact: str | None = None, **detail: Any) -> None:
        """Save this as the aggregate's new state, with one line for its timeline (codes and refs only)."""
        address = (type(aggregate), aggregate.id)
        before = self._before(aggregate)
        version = (before.version if before else 0) + 1
        stamped = aggregate.model_copy(
            update={
                "version": version,
                "created_at": aggregate.created_at or self.now,
                "updated_at": self.now,
            }
        )
        self.changed[address] = stamped
        if type(aggregate).has_timeline:
            self.facts[address] = Fact(address, version, fact or self.cause.action, self.occurred_at, detail)

    def add(self, entry: Entry) -> None:
        """Insert a document that will never change."""
        self.entries.append(entry)

    def emit(
        self,
        data: BaseModel,
        *,
        key: str,
        subject: str | None = None,
        event_id: str | None = None,
        topic: str | None = None,
    ) -> str:
        """Publish a fact with this transaction; answers its event id.

        A fact that may be attempted twice (a timer) passes its own `event_id`. `topic` is needed only where the
        event type lives on several topics.
        """
        id_ = event_id or self.new_id()
        self.events.append(Emitted(data, key, subject or key, id_, topic))
        return id_

    def withdraw(self, topic: str, key: str) -> None:
        """Keep what was published under this topic and key before this input and has not left yet. What is on its way
        to the brokers at this moment may still arrive."""
        self.withdrawn.add((topic, key))

    def _before(self, aggregate: Aggregate) -> Aggregate | None:
        """The state that the inputs before this one left: within one input the version rises once."""
        ref = Ref(type(aggregate), aggregate.id)
        if aggregate.version == 0 and not self._overlay.loaded(ref):
            return None  # just made; a clash with an existing id shows when it is inserted
        return self._overlay.current(ref)

    def settle(self) -> None:
        """Hand this layer's changes to the inputs that come after."""
        for aggregate in self.changed.values():
            self._overlay.set(aggregate)


Rule = Callable[[Any, Work], Any]
Needs = Callable[[Any], Iterable[Need]]


def no_needs(_: Any) -> Iterable[Need]:
    """For a rule that looks at nothing."""
    return ()
