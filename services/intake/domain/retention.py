"""When retention applies to a person: a pure function of the person, a rule of the schedule, and the time."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from services.intake.domain.consent import in_force
from services.intake.domain.offices import POSKOS
from services.intake.domain.schedule import Retention, Step
from services.intake.domain.subject import Subject
from shared.kernel.aggregate import Entry


class Verdict(StrEnum):
    """What a rule says about a person now."""

    DUE = "DUE"
    NOT_YET = "NOT_YET"
    DONE = "DONE"
    OTHER = "OTHER"
    """The rule is about people who came by another way."""
    IN_CASE = "IN_CASE"
    LEGAL_HOLD = "LEGAL_HOLD"


def verdict(subject: Subject, rule: Retention, training_consent: str, now: datetime) -> Verdict:
    """Whether the rule applies to this person now, or what keeps it from doing so."""
    came_by = "INTERDICTION" if subject.source == "INTERDICTION" else "OTHER"
    if came_by not in rule.came_by:
        return Verdict.OTHER
    if subject.erased_at is not None or (rule.does is Step.END_POSKO_ACCESS and not poskos_of(subject.offices)):
        return Verdict.DONE
    if subject.in_case_work or subject.case_ref is not None:
        return Verdict.IN_CASE
    agreed = in_force(subject.consents).get(training_consent)
    in_training = subject.training_at is not None and agreed is not None and agreed.given
    if subject.created_at is None or now < rule.due(subject.created_at, in_training=in_training):
        return Verdict.NOT_YET
    return Verdict.LEGAL_HOLD if subject.holds and rule.does is Step.DESTROY_KEY else Verdict.DUE


def poskos_of(offices: Iterable[str]) -> tuple[str, ...]:
    """Those of these offices that stop departures."""
    return tuple(office for office in offices if office.rpartition("-")[0] in POSKOS)


class RuleReport(BaseModel):
    """What one rule says of everybody. `due` are hashes of references: enough to compare two reports, no more."""

    model_config = ConfigDict(frozen=True)

    rule: str
    version: int
    does: str
    basis: str
    due: tuple[str, ...]
    counts: dict[str, int]


class RetentionRun(Entry):
    """The proof of one run: what was due by which version of which rule, and what was kept for what reason."""

    collection: ClassVar[str] = "retention_runs"

    at: datetime
    rules: tuple[RuleReport, ...]
    stops: int
    again: int
    """Erased once more, since a restored back-up had brought them back."""
