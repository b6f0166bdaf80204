"""Ours against a hand-written floor, alternating in one run, so that the machine's mood hits both alike."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from statistics import median

ROUNDS = 5


@dataclass(frozen=True)
class Result:
    """`ours` and `floor` are medians in `unit`; `ratio` is ours to floor, the median over the rounds' pairs; `spread`
    is the smallest and the largest of those. `wrote` counts the documents and records of one round of ours."""

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


Measure = Callable[[], Awaitable[float]]


async def compare(
    name: str,
    ours: Measure,
    floor: Measure,
    *,
    unit: str,
    wrote: int,
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
    ratios = [mine / bare for mine, bare in pairs]
    return Result(
        name=name,
        ours=round(median(mine for mine, _ in pairs), 3),
        floor=round(median(bare for _, bare in pairs), 3),
        ratio=round(median(ratios), 3),
        spread=(round(min(ratios), 3), round(max(ratios), 3)),
        unit=unit,
        wrote=wrote,
        goal=goal,
        at_most=at_most,
    )
