"""What the policies of notify may ask of its kinds; who may do what stands in `policies/*.cedar`."""

from functools import cache

from services.notify.domain.delivery import Delivery
from services.notify.domain.notice import Notice
from shared.reference.roles import role_groups
from shared.security.policy.engine import Policies, policies_of
from shared.security.policy.kinds import resource
from shared.security.seals import Seal

RESOURCES = (
    resource(Notice, "office", about="about.ref", refs="named.ref"),
    resource(Delivery, "office", "state", "case_ref", refs="named.ref"),
    resource(Seal),
)


@cache
def policies() -> Policies:
    """The policies, read once; raises PolicyError where one of the files is wrong."""
    return policies_of("services.notify.policies", RESOURCES, role_groups())
