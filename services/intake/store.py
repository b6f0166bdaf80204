"""What intake keeps."""

from services.intake.domain.interdiction import Interdiction
from services.intake.domain.recruiter import RecruiterArrival
from services.intake.domain.screening import ScreeningRound
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Vault
from shared.kernel.aggregate import Aggregate, Entry
from shared.security.staff import Member

KINDS: tuple[type[Aggregate], ...] = (Interdiction, Subject, ScreeningRound, Vault, Member)
ENTRIES: tuple[type[Entry], ...] = (RecruiterArrival,)
"""Recruiters go to the suspects' database, through its collection of arrivals."""
