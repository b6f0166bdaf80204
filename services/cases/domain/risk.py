"""Risk levels: every assessment is kept, and the highest open one is the case's."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from shared.reference.codes import RISK_LEVELS


class RiskEntry(BaseModel):
    """One assessment of one person. A later round of the same person closes it; it is never removed."""

    model_config = ConfigDict(frozen=True)

    subject_ref: str
    level: str
    round: int
    """The screening round; 0 is what the hand-over said."""
    assessed_at: datetime
    open: bool = True


def highest(entries: Iterable[RiskEntry]) -> str | None:
    """The highest level among the open entries, or None where there is none."""
    most_urgent_first = list(RISK_LEVELS)
    return min((entry.level for entry in entries if entry.open), key=most_urgent_first.index, default=None)


def reassessed(entries: tuple[RiskEntry, ...], new: RiskEntry) -> tuple[RiskEntry, ...]:
    """All entries with the new one, which closes the earlier rounds of its person."""
    kept = (
        entry.model_copy(update={"open": False}) if entry.subject_ref == new.subject_ref and entry.open else entry
        for entry in entries
    )
    return (*kept, new)
