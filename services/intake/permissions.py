"""What the policies of intake may ask of its kinds; who may do what stands in `policies/*.cedar`."""

from functools import cache

from services.intake.domain.hold import LegalHold
from services.intake.domain.interdiction import Interdiction
from services.intake.domain.rights import RightsRequest
from services.intake.domain.screening import ScreeningRound
from services.intake.domain.subject import Subject
from shared.reference.roles import role_groups
from shared.security.policy.engine import Policies, policies_of
from shared.security.policy.kinds import resource
from shared.security.seals import Seal

RESOURCES = (
    resource(Interdiction, "agency", "offices", "kabupaten", "state"),
    resource(Subject, "agency", "registered_by", "offices", "host", "state", "manager", "case_ref"),
    resource(ScreeningRound, "agency", "subject_ref"),
    resource(RightsRequest, "agency", "state", "subject_ref"),
    resource(LegalHold, "agency", "subjects"),
    resource(Seal),
)


@cache
def policies() -> Policies:
    """The policies, read once; raises PolicyError where one of the files is wrong."""
    return policies_of("services.intake.policies", RESOURCES, role_groups())
