"""Ask a rule without any database: given state, one input, and look at what it decided."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from shared.events.envelope import Event, EventData
from shared.kernel.aggregate import Aggregate, By, Ref
from shared.kernel.context import Actor, Cause
from shared.kernel.rulebook import Registered, Rulebook
from shared.kernel.work import NotLoaded, Overlay, Slot, Work

NOW = datetime(2026, 5, 14, 5, 20, tzinfo=UTC)


def cause(action: str = "TEST", actor: Actor | None = None) -> Cause:
    """Where a test's input comes from."""
    return Cause(action=action, id="cause-1", correlation_id="corr-1", actor=actor)


def event(data: EventData, *, id_: str = "event-1", source: str = "/pulang/test", key: str = "key-1") -> Event[Any]:
    """An event around a body."""
    return Event(id=id_, source=source, subject=key, time=NOW, key=key, data=data, correlation_id="corr-1")


class World:
    """Aggregates that exist; `decide` runs rules against them in turn, as a unit of work does."""

    def __init__(self, book: Rulebook, given: Iterable[Aggregate] = (), now: datetime = NOW) -> None:
        self.book = book
        self.now = now
        self.overlay = Overlay()
        for aggregate in given:
            self.overlay.arrive(aggregate)

    def handle(self, event_: Event[Any]) -> Work:
        """Let the rule for this event decide; raises Reject as the rule does."""
        return self._run(self.book.events[type(event_.data)], event_, None)

    def run(self, command: Any, actor: Actor | None = None) -> Work:
        """Let the rule for this command decide. The answer is in `work.answer`."""
        return self._run(self.book.commands[type(command)], command, actor)

    def fire(self, timer: Any) -> Work:
        """Let the rule for this timer decide."""
        return self._run(self.book.timers[timer.kind], timer, None)

    def _run(self, registered: Registered, input_: Any, actor: Actor | None) -> Work:
        for need in registered.needs(input_):
            self._load(need)
        while True:
            work = Work(self.overlay, self.now, cause(type(input_).__name__, actor))
            work.occurred_at = getattr(input_, "occurred_at", None) or self.now
            try:
                work.answer = registered.rule(input_, work)
            except NotLoaded as missing:
                self._load(missing.need)
                continue
            work.settle()
            return work

    def _load(self, need: Any) -> None:
        if isinstance(need, Ref):
            self.overlay.slots.setdefault((need.kind, need.id), Slot(None, None))
        elif isinstance(need, By):
            self.overlay.keys.setdefault(By(need.kind, need.key), None)
