"""The field's code lists. Labels are for people; rules go by codes and kinds."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from shared.reference.agencies import AGENCIES
from shared.reference.table import Labelled, Row, Table

Scope = Literal["OVERSEAS", "DOMESTIC", "BOTH"]


class HtcdsValue(Row):
    """A value of the Human Trafficking Case Data Standard 2.0 (IOM): `<field>.<value>`."""

    label_en: str


class Indicator(Labelled):
    """Something seen or told in a screening.

    ACT, MEANS and PURPOSE are the elements of UU 21/2007 Art 1; CONTROL is what the data standard adds to the means;
    SIGN is what officers notice in the field and proves nothing by itself. `htcds` is the standard's value, if any.
    """

    kind: Literal["ACT", "MEANS", "PURPOSE", "CONTROL", "SIGN"]
    htcds: str | None


class Document(Labelled):
    """A document that a departing worker has to carry."""

    scope: Scope
    basis: str


class LegalBasis(Labelled):
    """A rule on which a departure may be postponed, for one kind of journey and a span of days."""

    scope: Scope
    valid_from: date
    valid_to: date | None

    def covers(self, day: date, scope: Scope) -> bool:
        """Whether the rule was in force on that day for that kind of journey."""
        in_force = self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)
        return in_force and self.scope in ("BOTH", scope)


class RecruiterTie(Labelled):
    """How a recruiter is known to the people; `close` ones would learn of a return home."""

    close: bool


class RiskLevel(Labelled):
    """A triage level and the hours within which somebody has to respond."""

    first_response_h: int


class RiskFact(Labelled):
    """A fact that puts a person on a triage level."""

    level: str


class SubjectState(Labelled):
    """A state of a person in intake; `htcds` where the data standard has the same status."""

    htcds: str | None


HTCDS: Mapping[str, HtcdsValue] = Table(HtcdsValue, "htcds.csv")
INDICATORS: Mapping[str, Indicator] = Table(Indicator, "indicators.csv")
DOCUMENTS: Mapping[str, Document] = Table(Document, "documents.csv")
PRETEXTS: Mapping[str, Labelled] = Table(Labelled, "pretexts.csv")
LEGAL_BASES: Mapping[str, LegalBasis] = Table(LegalBasis, "legal_bases.csv")
RECRUITER_TIES: Mapping[str, RecruiterTie] = Table(RecruiterTie, "recruiter_ties.csv")
INTAKE_SOURCES: Mapping[str, Labelled] = Table(Labelled, "intake_sources.csv")
RISK_LEVELS: Mapping[str, RiskLevel] = Table(RiskLevel, "risk_levels.csv")
"""Most urgent first."""
RISK_FACTS: Mapping[str, RiskFact] = Table(RiskFact, "risk_facts.csv")
POSKO_MEMBERS: Mapping[str, Labelled] = Table(Labelled, "posko_members.csv")
"""Who stands at a posko: by organisation, never by name."""
INTERDICTION_STATES: Mapping[str, Labelled] = Table(Labelled, "interdiction_states.csv")
SUBJECT_STATES: Mapping[str, SubjectState] = Table(SubjectState, "subject_states.csv")
CONSENT_PURPOSES: Mapping[str, Labelled] = Table(Labelled, "consent_purposes.csv")
"""Purposes beside sharing with one agency, which are in the agencies' own table."""


def is_consent_purpose(code: str) -> bool:
    """Whether a person can be asked to agree to this: PDP Act (UU 27/2022) Art 20-25, each purpose on its own."""
    return code in CONSENT_PURPOSES or any(code == agency.share_purpose for agency in AGENCIES.values())
