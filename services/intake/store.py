"""What intake keeps."""

from services.intake.domain.interdiction import Interdiction
from services.intake.domain.recruiter import RecruiterArrival
from services.intake.domain.screening import ScreeningRound
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Vault
from shared.kernel.aggregate import Aggregate, Entry
from shared.mongo.indexes import Indexes, IndexModel
from shared.security.staff import Member, Office

KINDS: tuple[type[Aggregate], ...] = (Interdiction, Subject, ScreeningRound, Vault, Member, Office)
ENTRIES: tuple[type[Entry], ...] = (RecruiterArrival,)
"""Recruiters go to the suspects' database, through its collection of arrivals."""

INDEXES: Indexes = {
    Subject.collection: [IndexModel([("offices", 1), ("_id", -1)]), IndexModel([("manager", 1), ("_id", -1)])],
    Interdiction.collection: [IndexModel([("agency", 1), ("_id", -1)]), IndexModel([("offices", 1), ("_id", -1)])],
    ScreeningRound.collection: [IndexModel([("subject_ref", 1), ("_id", -1)])],
}
