"""What several rules do alike with access that was given for a time. Pure, like the rules themselves."""

from collections.abc import Callable

from services.cases.domain.access_grant import AccessGrant
from services.cases.domain.case import Case
from shared.events.staff_v1 import AccessPublished
from shared.kernel.work import Work
from shared.security.access import Access


def end_access(work: Work, case: Case) -> None:
    """End what was given to agencies that have no part in the case any more, and to whoever its seal does not name."""
    for grant in [work.get(AccessGrant, ref) for ref in case.access]:
        if not grant.ended(work.now) and not _may_stay(grant, case):
            withdraw(work, grant)


def _may_stay(grant: AccessGrant, case: Case) -> bool:
    inside = grant.agency in {case.lead, *(each.agency for each in case.grants)}
    return inside and (case.seal is None or case.seal.names(grant.person, grant.agency))


def withdraw(work: Work, grant: AccessGrant) -> None:
    """End access that was given for a time; raises Reject where it has ended already."""
    actor = work.cause.actor
    work.put(grant.withdrawn(work.now, actor.person if actor else None))
    publish(work, grant.grantee, lambda access: access.without(grant.id))


def publish(work: Work, grantee: str, change: Callable[[Access], Access]) -> None:
    """Change what is opened to somebody for a time, and tell all that is left of it."""
    access = change(work.find(Access, grantee) or Access(id=grantee)).evolve(told_at=work.now)
    work.put(access)
    work.emit(AccessPublished(occurred_at=work.now, grantee=grantee, opened=access.opened), key=grantee)
