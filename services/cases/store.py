"""What cases keeps, and how it is found."""

from services.cases.domain.access_grant import AccessGrant
from services.cases.domain.agency_file import AgencyFile
from services.cases.domain.breach import Breach
from services.cases.domain.case import Case, Participant
from services.cases.domain.consent import Consent
from services.cases.domain.emergency import EmergencyAccess
from services.cases.domain.numbers import NumberCounter, NumberShelf
from services.cases.domain.referral import Referral
from services.cases.domain.task import Task
from shared.kernel.aggregate import Aggregate, Entry
from shared.mongo.indexes import Indexes, IndexModel
from shared.security.access import Access
from shared.security.seals import Seal
from shared.security.staff import Member, Office

KINDS: tuple[type[Aggregate], ...] = (
    Case,
    Participant,
    Consent,
    Referral,
    AgencyFile,
    Task,
    Breach,
    NumberCounter,
    NumberShelf,
    Member,
    Office,
    Seal,
    AccessGrant,
    EmergencyAccess,
    Access,
)
ENTRIES: tuple[type[Entry], ...] = ()

INDEXES: Indexes = {
    Case.collection: [
        IndexModel([("manager", 1), ("_id", -1)]),
        IndexModel([("lead", 1), ("_id", -1)]),
        IndexModel([("proposed_lead", 1), ("state", 1), ("_id", -1)]),
        IndexModel([("grants.agency", 1), ("_id", -1)]),
    ],
    AccessGrant.collection: [IndexModel([("case_ref", 1), ("_id", -1)])],
    EmergencyAccess.collection: [IndexModel([("tell", 1), ("_id", -1)])],
    Breach.collection: [IndexModel([("agency", 1), ("_id", -1)])],
    Consent.collection: [IndexModel([("case_ref", 1), ("_id", -1)])],
    Referral.collection: [
        IndexModel([("case_ref", 1), ("_id", -1)]),
        IndexModel([("agency", 1), ("state", 1), ("_id", -1)]),
        IndexModel([("manager", 1), ("_id", -1)]),
    ],
    AgencyFile.collection: [
        IndexModel([("case_ref", 1), ("_id", -1)]),
        IndexModel([("agency", 1), ("_id", -1)]),
    ],
    Task.collection: [IndexModel([("agency", 1), ("state", 1), ("_id", -1)]), IndexModel([("assignee", 1)])],
}
