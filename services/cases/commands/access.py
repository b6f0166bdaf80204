"""Giving access to a case for a time, and taking it back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.cases.catalogue import access_limits, access_reasons
from services.cases.domain.access_grant import AccessGrant
from services.cases.domain.case import Case
from services.cases.openings import publish, withdraw
from shared.events.staff_v1 import OpenClass
from shared.kernel.acting import acting
from shared.kernel.aggregate import Need
from shared.kernel.errors import Kind, Reject, invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work
from shared.reference.roles import PURPOSES, works_on_cases
from shared.security.access import Access, grantee_of
from shared.security.staff import Member, to_actor

commands = Rulebook()


@dataclass(frozen=True, slots=True)
class GiveAccess:
    """Open a case, or one of its people, to a person or to an office's unit."""

    case: str
    subject: str | None
    agency: str
    person: str | None
    unit: str | None
    classes: tuple[OpenClass, ...]
    purpose: str
    reason: str
    since: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True)
class WithdrawAccess:
    """Take a grant back."""

    case: str
    grant: str


def _needs(command: GiveAccess) -> Iterable[Need]:
    yield Case.ref(command.case)
    yield Access.ref(grantee_of(command.agency, command.person, command.unit))
    if command.person is not None:
        yield Member.ref(command.person)


@commands.command(GiveAccess, needs=_needs)
def give_access(command: GiveAccess, work: Work) -> AccessGrant:
    """It holds here at once and in intake within five seconds, and ends by itself. Only the leading office and agencies
    that were asked in can be given any; with what asked them in, it ends too."""
    since = command.since or work.now
    _check_codes(command)
    access_limits().check(since, command.until, work.now)
    case = work.get(Case, command.case)
    if case.lead is None:
        raise Reject("NOT_TAKEN")
    _check_grantee(command, case, work)
    grant = AccessGrant(
        id=work.new_id(),
        case_ref=case.id,
        subject_ref=command.subject,
        refs=_opened(case, command.subject),
        agency=command.agency,
        person=command.person,
        unit=command.unit,
        classes=_with_c1(command.classes),
        purpose=command.purpose,
        reason=command.reason,
        given_by=acting(work).person,
        since=since,
        until=command.until,
    )
    work.put(grant)
    work.put(case.evolve(access=(*case.access, grant.id)), "ACCESS_GIVEN", grant_ref=grant.id, agency=grant.agency)
    publish(work, grant.grantee, lambda access: access.with_(grant.opens, work.now))
    return work.get(AccessGrant, grant.id)


@commands.command(WithdrawAccess, needs=lambda c: [Case.ref(c.case), AccessGrant.ref(c.grant)])
def withdraw_access(command: WithdrawAccess, work: Work) -> AccessGrant:
    """From now on it opens nothing here, and within five seconds nothing anywhere."""
    case, grant = work.get(Case, command.case), work.get(AccessGrant, command.grant)
    if grant.case_ref != case.id:
        raise Reject("UNKNOWN_ACCESSGRANT", Kind.UNKNOWN)
    withdraw(work, grant)
    work.put(case, "ACCESS_WITHDRAWN", grant_ref=grant.id, agency=grant.agency)
    return work.get(AccessGrant, grant.id)


def _check_codes(command: GiveAccess) -> None:
    if command.reason not in access_reasons():
        raise invalid("UNKNOWN_REASON", "/reason")
    if command.purpose not in PURPOSES:
        raise invalid("UNKNOWN_PURPOSE", "/purpose")
    if (command.person is None) == (command.unit is None):
        raise invalid("PERSON_OR_UNIT", "/person")


def _check_grantee(command: GiveAccess, case: Case, work: Work) -> None:
    """Whoever is unknown, works elsewhere, works on no cases, is kept out of this one or not named by its seal gets the
    same no."""
    if command.agency not in {case.lead, *(grant.agency for grant in case.grants)}:
        raise invalid("NOT_ASKED_IN", "/agency")
    named = case.seal is None or case.seal.names(command.person, command.agency)
    if not named or (command.person is not None and not _works_here(command.person, command.agency, case, work)):
        raise invalid("NO_ACCESS_FOR_THEM", "/person")


def _works_here(person: str, agency: str, case: Case, work: Work) -> bool:
    member = work.find(Member, person)
    actor = to_actor(member, work.now) if member else None
    if actor is None or actor.agency != agency or case.id in actor.excluded:
        return False
    return works_on_cases(actor.roles)


def _opened(case: Case, subject: str | None) -> tuple[str, ...]:
    if subject is not None:
        return (case.person(subject).subject_ref,)
    return (case.id, *(person.subject_ref for person in case.persons))


def _with_c1(classes: tuple[OpenClass, ...]) -> tuple[OpenClass, ...]:
    return tuple(sorted({*classes, "C1"}))
