"""Screening: whether what a person tells adds up to trafficking (UU 21/2007 Art 1), and what follows from it."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from services.intake.domain.states import SubjectState
from shared.kernel.aggregate import Aggregate
from shared.reference.codes import INDICATORS


class Answers(BaseModel):
    """One round's answers. Sensitive: kept encrypted, and only the finding leaves the vault.

    `indicators` are codes of the list; `private` says that nobody else was listening; `confirmed` that the person
    confirmed in that talk where the signs come from; `facts` are the codes on which triage decides.
    """

    model_config = ConfigDict(frozen=True)

    indicators: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    private: bool = False
    confirmed: bool = False


class Element(StrEnum):
    """The elements of the crime."""

    ACT = "ACT"
    MEANS = "MEANS"
    PURPOSE = "PURPOSE"


class ScreeningRound(Aggregate):
    """One round, never overwritten: a later round is another document. `sealed` are its answers, encrypted.

    Its `round` is its own alone: whoever adds one raises the person's version too, and of two only one can.
    """

    collection: ClassVar[str] = "screenings"
    has_timeline: ClassVar[bool] = False

    subject_ref: str
    round: int
    occurred_at: datetime
    interviewer: str
    agency: str
    private: bool
    finding: SubjectState
    risk: str | None
    sealed: bytes

    def concerns(self) -> tuple[str, ...]:
        """The person."""
        return (f"subject|{self.subject_ref}",)


def elements(indicators: Iterable[str]) -> frozenset[Element]:
    """Which elements of the crime these indicators speak for. Controls and field signs speak for none."""
    kinds = {INDICATORS[code].kind for code in indicators}
    return frozenset(element for element in Element if element.value in kinds)


def required(*, child: bool) -> frozenset[Element]:
    """The elements that make a presumed victim; for a child the means do not matter (Palermo Protocol Art 3(c))."""
    return frozenset(Element) - ({Element.MEANS} if child else set())


def finding(answers: Answers, *, child: bool, otherwise: SubjectState) -> SubjectState:
    """What a round comes to.

    A presumed victim needs all elements and a private talk that confirms them: nobody becomes one by looks alone.
    Where a private talk brings up nothing at all, the person is what they came as (`otherwise`); all else stays open.
    """
    shown = elements(answers.indicators)
    if shown >= required(child=child) and answers.private and answers.confirmed:
        return SubjectState.PRESUMED_VICTIM
    if answers.private and not answers.indicators:
        return otherwise
    return SubjectState.UNDETERMINED
