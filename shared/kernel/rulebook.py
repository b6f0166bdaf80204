"""Which pure function answers which input."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.kernel.work import Needs, Rule, no_needs

R = TypeVar("R", bound=Rule)


@dataclass(frozen=True, slots=True)
class Registered:
    """A rule, and what it wants loaded before it is asked."""

    rule: Rule
    needs: Needs


@dataclass
class Rulebook:
    """A service's rules. Registering two rules for one input raises at import, not at run time."""

    events: dict[type, Registered] = field(default_factory=dict)
    commands: dict[type, Registered] = field(default_factory=dict)
    timers: dict[str, Registered] = field(default_factory=dict)

    def on(self, event_data: type, needs: Needs = no_needs) -> Callable[[R], R]:
        """Register `def rule(event, work) -> None` for events with this body."""
        return self._register(self.events, event_data, needs)

    def command(self, command: type, needs: Needs = no_needs) -> Callable[[R], R]:
        """Register `def rule(command, work) -> Aggregate` for this command; it answers what the caller changed."""
        return self._register(self.commands, command, needs)

    def timer(self, kind: str, needs: Needs = no_needs) -> Callable[[R], R]:
        """Register `def rule(timer, work) -> None` for timers of this kind."""
        return self._register(self.timers, kind, needs)

    def including(self, *others: "Rulebook") -> "Rulebook":
        """One rulebook out of several; raises where two answer the same input."""
        merged = Rulebook()
        for book in (self, *others):
            for ours, theirs in ((merged.events, book.events), (merged.commands, book.commands)):
                merge_distinct(ours, theirs)
            merge_distinct(merged.timers, book.timers)
        return merged

    @staticmethod
    def _register(table: dict[Any, Registered], key: Any, needs: Needs) -> Callable[[R], R]:
        def decorate(rule: R) -> R:
            merge_distinct(table, {key: Registered(rule, needs)})
            return rule

        return decorate


def merge_distinct(ours: dict[Any, Registered], theirs: dict[Any, Registered]) -> None:
    """Add entries to a table; raises ValueError where a key is taken."""
    taken = ours.keys() & theirs.keys()
    if taken:
        raise ValueError(f"registered twice: {sorted(map(str, taken))}")
    ours.update(theirs)
