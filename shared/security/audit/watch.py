"""Rules on the stream of reads: each entry is a signal, and some of them together are a reason to look."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from shared.kernel.ids import derived_id

Row = Mapping[str, Any]


class WatchRule(BaseModel):
    """One rule as data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
    counts: Literal["FOREIGN_THINGS", "ENTRIES", "REFUSALS_IN_A_ROW"]
    limit: Annotated[int, Field(ge=2, le=10_000)]
    window_s: Annotated[int, Field(ge=1, le=86_400)]
    actions: tuple[str, ...] = ()
    """Only entries of these actions; empty: of all."""

    def counted(self, row: Row) -> tuple[str, ...]:
        """What of this entry counts, each thing once within the window."""
        if self.actions and row["action"] not in self.actions:
            return ()
        if self.counts == "FOREIGN_THINGS":
            return tuple(row["foreign_refs"])
        return (str(row["_id"]),) if self.counts == "ENTRIES" or row["decision"] == "DENY" else ()

    def ends(self, row: Row) -> bool:
        """Whether this entry ends a row of refusals."""
        return self.counts == "REFUSALS_IN_A_ROW" and row["decision"] == "PERMIT"


class WatchList(BaseModel):
    """All rules, and the office of the data protection officer, who is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tell: Annotated[str, Field(pattern=r"^[A-Z0-9_]{2,24}-[0-9]{2}(\.[0-9]{2})?$")]
    rules: tuple[WatchRule, ...]

    @property
    def memory(self) -> timedelta:
        """How far back any rule looks."""
        return timedelta(seconds=max(rule.window_s for rule in self.rules))


@cache
def watch_list() -> WatchList:
    """The package's rules; raises pydantic's ValidationError."""
    return WatchList.model_validate(yaml.safe_load(resources.files(__package__).joinpath("watch.yaml").read_text()))


@dataclass(frozen=True, slots=True)
class Alarm:
    """A member of staff reached a rule's limit with the entry `entry`. References and codes only."""

    rule: WatchRule
    person: str
    agency: str
    at: datetime
    count: int
    entry: str

    @property
    def ref(self) -> str:
        """The same for the same entry, however often it is looked at."""
        return derived_id("alarm", self.rule.code, self.entry)


@dataclass
class Watch:
    """The windows of the last minutes. Made anew from stored entries when a process begins."""

    rules: tuple[WatchRule, ...]
    _windows: dict[tuple[str, str], deque[tuple[datetime, str]]] = field(default_factory=lambda: defaultdict(deque))

    def look(self, rows: Iterable[Row]) -> list[Alarm]:
        """What these entries, in their order, give reason for."""
        people = [row for row in rows if row["actor"]]
        found = [self._look(rule, row) for row in people for rule in self.rules]
        return [alarm for alarm in found if alarm is not None]

    def _look(self, rule: WatchRule, row: Row) -> Alarm | None:
        person, at = row["actor"]["person"], row["at"]
        counted = rule.counted(row)
        if not counted and not rule.ends(row):
            return None
        window = self._windows[rule.code, person]
        while window and window[0][0] <= at - timedelta(seconds=rule.window_s):
            window.popleft()
        if rule.ends(row):
            window.clear()
        window.extend((at, thing) for thing in counted)
        count = len({thing for _, thing in window})
        if count < rule.limit:
            return None
        window.clear()
        return Alarm(rule, person, row["actor"]["agency"], at, count, str(row["_id"]))
