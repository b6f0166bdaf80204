"""What the schedule says: clocks, retention, and the codes of refusals and holds. Data, checked by these models."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
Days = Annotated[int, Field(ge=1, le=366 * 20)]


class Strict(BaseModel):
    """A part of the file; what it does not know it refuses."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(Strict):
    """A text in both languages."""

    id: str
    en: str

    def of(self, lang: str) -> str:
        """In this language."""
        return self.en if lang == "en" else self.id


class Named(Strict):
    """A code with its words and the law it rests on."""

    code: Code
    label: Label
    basis: str


class AnswerClock(Named):
    """How long an answer to a person may take; after a breach it is told again, rung by rung."""

    version: Annotated[int, Field(ge=1)]
    owner: Literal["CONTROLLER"]
    unit: Literal["hours"]
    limit: Annotated[int, Field(ge=1, le=720)]
    rung_every: Annotated[int, Field(ge=1, le=720)]
    rungs: Annotated[int, Field(ge=0, le=10)]

    def due(self, start: datetime) -> datetime:
        """When it is over for a clock that started then."""
        return start + timedelta(hours=self.limit)


class Step(StrEnum):
    """What retention does to a person's data."""

    END_POSKO_ACCESS = "END_POSKO_ACCESS"
    DESTROY_KEY = "DESTROY_KEY"


class Retention(Named):
    """How long after they came a person without a case is left as they are."""

    version: Annotated[int, Field(ge=1)]
    came_by: tuple[Literal["INTERDICTION", "OTHER"], ...]
    does: Step
    after_days: Days
    training_adds_days: Days

    def due(self, came_at: datetime, *, in_training: bool) -> datetime:
        """When it applies."""
        return came_at + timedelta(days=self.after_days + (self.training_adds_days if in_training else 0))


class HoldBasis(Named):
    """Why data must stay, after how many days somebody has to look again, and how often they are reminded then."""

    review_days: Days
    remind_days: Days


class Schedule(Strict):
    """The whole file."""

    clocks: tuple[AnswerClock, ...]
    retention: tuple[Retention, ...]
    training_consent: Code
    refusals: tuple[Named, ...]
    remains: tuple[Named, ...]
    holds: tuple[HoldBasis, ...]
