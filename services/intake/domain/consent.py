"""Consent before hand-over: each purpose on its own, each refusable (UU 27/2022 Art 20-25)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.kernel.errors import invalid
from shared.reference.codes import is_consent_purpose


class GivenBy(StrEnum):
    """Who answered."""

    SELF = "SELF"
    PARENT = "PARENT"
    GUARDIAN = "GUARDIAN"
    COURT = "COURT"


class Consent(BaseModel):
    """One answer to one purpose. `language` is the one in which the person was told; a later answer replaces it."""

    model_config = ConfigDict(frozen=True)

    purpose: str
    given: bool
    given_by: GivenBy
    language: str
    occurred_at: datetime
    recorded_by: str


def check_consent(consent: Consent, *, child: bool) -> None:
    """Raises Reject for a purpose that nobody can ask about, and for a child's yes without an adult (Art 25)."""
    if not is_consent_purpose(consent.purpose):
        raise invalid("UNKNOWN_PURPOSE", "/choices")
    if child and consent.given and consent.given_by is GivenBy.SELF:
        raise invalid("CHILD_NEEDS_GUARDIAN", "/given_by")


def in_force(consents: Iterable[Consent]) -> Mapping[str, bool]:
    """The last answer per purpose; a purpose that is missing was never asked about, which is no refusal."""
    return {consent.purpose: consent.given for consent in consents}
