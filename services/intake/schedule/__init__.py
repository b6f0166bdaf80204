"""The schedule of retention and answers, and its loader."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import TypeVar

import yaml

from services.intake.domain.schedule import AnswerClock, HoldBasis, Named, Retention, Schedule

N = TypeVar("N", bound=Named)


@cache
def schedule() -> Schedule:
    """The schedule, read once; raises pydantic's ValidationError where the file is wrong."""
    text = resources.files(__name__).joinpath("schedule.yaml").read_text("utf-8")
    return Schedule.model_validate(yaml.safe_load(text))


def answer_clock() -> AnswerClock:
    """The deadline for an answer to a person's request."""
    return by_code(schedule().clocks)["RIGHTS_ANSWER"]


def retention() -> Mapping[str, Retention]:
    """The rules of retention, by code."""
    return by_code(schedule().retention)


def refusals() -> Mapping[str, Named]:
    """Why a request may be refused, by code."""
    return by_code(schedule().refusals)


def remains() -> Mapping[str, Named]:
    """Why identity outlives an erasure, by code."""
    return by_code(schedule().remains)


def holds() -> Mapping[str, HoldBasis]:
    """Why data must stay, by code."""
    return by_code(schedule().holds)


def by_code(rows: Iterable[N]) -> Mapping[str, N]:
    """Rows under their codes."""
    return {row.code: row for row in rows}
