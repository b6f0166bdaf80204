"""What intake keeps."""

from services.intake.domain.hold import LegalHold
from services.intake.domain.interdiction import Interdiction
from services.intake.domain.recruiter import RecruiterArrival
from services.intake.domain.retention import RetentionRun
from services.intake.domain.rights import RightsRequest
from services.intake.domain.screening import ScreeningRound
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Erasure, Vault
from shared.kernel.aggregate import Aggregate, Entry
from shared.mongo.indexes import Indexes, IndexModel
from shared.security.access import Access
from shared.security.seals import Seal
from shared.security.staff import Member, Office

KINDS: tuple[type[Aggregate], ...] = (
    Interdiction,
    Subject,
    ScreeningRound,
    Vault,
    Erasure,
    RightsRequest,
    LegalHold,
    Member,
    Office,
    Seal,
    Access,
)
ENTRIES: tuple[type[Entry], ...] = (RecruiterArrival, RetentionRun)
"""Recruiters go to the suspects' database, through its collection of arrivals."""

INDEXES: Indexes = {
    Subject.collection: [
        IndexModel([("offices", 1), ("_id", -1)]),
        IndexModel([("manager", 1), ("_id", -1)]),
        IndexModel([("registered_by", 1), ("_id", -1)]),
        IndexModel([("erased_at", 1), ("case_ref", 1), ("created_at", 1)]),
    ],
    Interdiction.collection: [IndexModel([("agency", 1), ("_id", -1)]), IndexModel([("offices", 1), ("_id", -1)])],
    RightsRequest.collection: [IndexModel([("agency", 1), ("_id", -1)]), IndexModel([("subject_ref", 1), ("_id", -1)])],
    Vault.collection: [
        IndexModel([("sealed.nik_index", 1)], partialFilterExpression={"sealed.nik_index": {"$exists": True}}),
        IndexModel([("sealed.phone_indexes", 1)]),
        IndexModel([("sealed.index_version", 1)]),
    ],
    Erasure.collection: [IndexModel([("done_at", 1)])],
    ScreeningRound.collection: [IndexModel([("subject_ref", 1), ("_id", -1)])],
}
