"""Consent before hand-over: each purpose on its own, each refusable (UU 27/2022 Art 20-25)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from shared.kernel.consent import GivenBy, check_guardian, yes_stands
from shared.kernel.errors import invalid
from shared.reference.codes import is_consent_purpose


class Consent(BaseModel):
    """One answer to one purpose. `language` is the one in which the person was told."""

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
    check_guardian(consent.given_by, child_agrees=child and consent.given)


def in_force(consents: Iterable[Consent]) -> Mapping[str, Consent]:
    """The answer that stands per purpose, out of all in the order in which they were recorded.

    A purpose that is missing was never asked about, which is no refusal.
    """
    standing: dict[str, Consent] = {}
    noes: dict[str, list[Consent]] = defaultdict(list)
    for consent in consents:
        refused = noes[consent.purpose]
        if not consent.given:
            refused.append(consent)
            standing[consent.purpose] = max(refused, key=lambda no: no.occurred_at)
        elif yes_stands(consent.occurred_at, (no.occurred_at for no in refused)):
            standing[consent.purpose] = consent
    return standing
