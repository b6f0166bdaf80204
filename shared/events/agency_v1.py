"""What leaves for an agency's own topic: thin pointers. Content is read over REST under the reader's policy."""

from shared.events.case_v1 import CaseNo
from shared.events.envelope import Code, EventData
from shared.events.intake_v1 import AgencyRef
from shared.events.partner_v1 import ForeignNo


class AgencyPointer(EventData):
    """Something about this case is there for this agency to read. Key: the case number."""

    type = "id.pulang.agency.case.changed.v1"
    topics = ("agency-lpsk", "agency-bp2mi", "agency-police")
    thin = True

    case_no: CaseNo
    what: Code
    """The kind of change, for example `REFERRAL_SENT`."""
    agency: AgencyRef
    foreign_no: ForeignNo | None = None
