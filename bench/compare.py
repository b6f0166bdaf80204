"""Ours against a hand-written floor, alternating in one run, so that the machine's mood hits both alike."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import NamedTuple

ROUNDS = 5


@dataclass(frozen=True)
class Result:
    """`ours` and `floor` are medians in `unit`; `ratio` is ours to floor, the median over the rounds' pairs; `spread`
    is the smallest and the largest of those. `wrote` is what one round of ours left behind, as it was counted
    afterwards: the documents of its database, or the records on its topic."""

    name: str
    ours: float
    floor: float
    ratio: float
    spread: tuple[float, float]
    unit: str
    wrote: int
    goal: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where the result is only reported."""
        if self.goal is None:
            return None
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal

    def document(self) -> dict[str, object]:
        """As written to results.json."""
        return {**asdict(self), "met": self.met}


class Round(NamedTuple):
    """What one measurement came to, and how many documents or records were found to have been written by it."""

    value: float
    wrote: int = 0


Measure = Callable[[], Awaitable[Round]]


async def compare(
    name: str,
    ours: Measure,
    floor: Measure,
    *,
    unit: str,
    goal: float | None = None,
    at_most: bool = False,
    rounds: int = ROUNDS,
) -> Result:
    """Measure in turn; the first pair warms up and does not count."""
    pairs = []
    for round_ in range(rounds + 1):
        pair = (await ours(), await floor())
        if round_:
            pairs.append(pair)
    ratios = [mine.value / bare.value for mine, bare in pairs]
    return Result(
        name=name,
        ours=round(median(mine.value for mine, _ in pairs), 3),
        floor=round(median(bare.value for _, bare in pairs), 3),
        ratio=round(median(ratios), 3),
        spread=(round(min(ratios), 3), round(max(ratios), 3)),
        unit=unit,
        wrote=pairs[-1][0].wrote,
        goal=goal,
        at_most=at_most,
    )
