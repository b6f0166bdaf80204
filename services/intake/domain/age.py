"""Age: what is claimed, on what basis, and whether somebody has to be treated as a child.

Ages were falsified inside the civil registry, so that no document settles it alone; where there is a doubt, the person
is treated as a child until the doubt is gone.
"""

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

ADULT = 18
BANDS = ((12, "0-11"), (15, "12-14"), (18, "15-17"), (25, "18-24"), (35, "25-34"), (50, "35-49"), (65, "50-64"))
OLDEST_BAND = "65+"
UNKNOWN_BAND = "UNKNOWN"


class AgeBasis(StrEnum):
    """Where an age comes from."""

    NIK = "NIK"
    KTP = "KTP"
    AKTA = "AKTA"
    """Birth certificate."""
    BAPTISM = "BAPTISM"
    SCHOOL = "SCHOOL"
    ESTIMATED = "ESTIMATED"
    SELF = "SELF"


class AgeClaim(BaseModel):
    """What was brought forward: years by word or document, the officer's own doubt, and years by the NIK."""

    model_config = ConfigDict(frozen=True)

    years: int | None = None
    basis: AgeBasis | None = None
    doubted: bool = False
    by_nik: int | None = None


class Age(BaseModel):
    """A person's age as intake holds it outside the vault: a band, its basis, and a doubt."""

    model_config = ConfigDict(frozen=True)

    band: str
    basis: AgeBasis | None
    doubt: bool
    as_child: bool


def age_on(born: date, on: date) -> int:
    """Full years from one day to another."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def band_of(years: int) -> str:
    """The age band of the statistics."""
    return next((name for below, name in BANDS if years < below), OLDEST_BAND)


def assess_age(claim: AgeClaim) -> Age:
    """Put together what is claimed, what the officer sees, and what the NIK says.

    Two sources of which one says child and the other adult are a doubt too. Without a claim the NIK stands in for it.
    """
    years = claim.by_nik if claim.years is None else claim.years
    basis = AgeBasis.NIK if claim.years is None and claim.by_nik is not None else claim.basis
    disagree = claim.years is not None and claim.by_nik is not None and (claim.years < ADULT) != (claim.by_nik < ADULT)
    doubt = claim.doubted or disagree
    return Age(
        band=UNKNOWN_BAND if years is None else band_of(years),
        basis=basis if years is not None else None,
        doubt=doubt,
        as_child=doubt or (years is not None and years < ADULT),
    )
