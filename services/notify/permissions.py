"""Who reads notices and the delivery log: members of the office, each office its own."""

from services.notify.domain.delivery import Delivery
from services.notify.domain.notice import Notice
from shared.kernel.context import Actor
from shared.security.permissions import Filter, Permit


def own_office(actor: Actor) -> Filter:
    """What concerns the actor's own office."""
    return {"office": actor.agency}


READERS = ("POSKO_OFFICER", "INTAKE_OFFICER", "CASE_MANAGER", "AGENCY_OFFICER", "SUPERVISOR")
LOG_READERS = ("SUPERVISOR", "OPERATOR")

PERMITS = (
    *(Permit(role, permission, Notice, own_office) for role in READERS for permission in ("inbox.read", "inbox.mark")),
    *(Permit(role, "delivery.list", Delivery, own_office) for role in LOG_READERS),
)
