"""What the policies of cases may ask of its kinds; who may do what stands in `policies/*.cedar`."""

from functools import cache

from services.cases.domain.access_grant import AccessGrant
from services.cases.domain.agency_file import AgencyFile
from services.cases.domain.breach import Breach
from services.cases.domain.case import Case
from services.cases.domain.consent import Consent
from services.cases.domain.emergency import EmergencyAccess
from services.cases.domain.referral import Referral
from services.cases.domain.task import Task
from shared.reference.roles import role_groups
from shared.security.policy.engine import Policies, policies_of
from shared.security.policy.kinds import resource
from shared.security.seals import Seal
from shared.security.staff import Member, Office

RESOURCES = (
    resource(Case, "state", "host", "proposed_lead", "lead", "manager", granted="grants.agency"),
    resource(Consent, "case_ref", "subject_ref"),
    resource(Referral, "state", "sender", "agency", "open_to", "manager", "case_ref"),
    resource(AgencyFile, "agency", "lead", "manager", "case_ref"),
    resource(AccessGrant, "case_ref"),
    resource(EmergencyAccess, "tell", "case_ref"),
    resource(Breach, "agency"),
    resource(Task, "agency", "assignee", "case_ref"),
    resource(Member, "agency"),
    resource(Office),
    resource(Seal),
)


@cache
def policies() -> Policies:
    """The policies, read once; raises PolicyError where one of the files is wrong."""
    return policies_of("services.cases.policies", RESOURCES, role_groups())
