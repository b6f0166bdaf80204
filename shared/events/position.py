"""Where a write stands: what the services that take part of it in have to have applied, before their reads show it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Position:
    """The act (`causationid` of every event of it), and how many of its events each service takes in."""

    cause_id: str
    takes: Counter[str]

    @classmethod
    def of(cls, cause_id: str, takers: Iterable[Iterable[str]]) -> Self:
        """Of an act, with the takers of each of its events."""
        return cls(cause_id, Counter(service for each in takers for service in each))

    @classmethod
    def read(cls, text: str) -> Self:
        """What `str` wrote; raises ValueError where it is none."""
        cause_id, *counts = text.split("|")
        return cls(cause_id, Counter({service: int(count) for service, _, count in (c.partition("=") for c in counts)}))

    def __str__(self) -> str:
        """As short for an act of a hundred persons as for one of one."""
        return "|".join([self.cause_id, *(f"{service}={count}" for service, count in sorted(self.takes.items()))])
