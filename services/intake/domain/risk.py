"""Triage: how soon somebody has to respond. The levels follow SAPA's wording of high risk (safety threatened)."""

from collections.abc import Iterable

from shared.reference.codes import RISK_FACTS, RISK_LEVELS


def triage(facts: Iterable[str]) -> str:
    """The most urgent level that any of these facts stands for; R4_RENDAH where none does."""
    levels = {RISK_FACTS[code].level for code in facts}
    *urgent, lowest = RISK_LEVELS
    return next((level for level in urgent if level in levels), lowest)


def is_urgent(risk: str | None) -> bool:
    """Whether an officer on call is told at once."""
    return risk in tuple(RISK_LEVELS)[:2]
