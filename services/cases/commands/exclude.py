"""Keeping a member of staff out of a case in which they have an interest of their own (conflict of interest), and
letting them in again."""

from collections.abc import Collection
from dataclasses import dataclass

from services.cases.catalogue import exclusion_reasons, readmission_reasons
from services.cases.commands.staff import tell
from services.cases.domain.case import Case
from services.cases.effects import ask_for_manager, manager_found
from shared.kernel.acting import acting
from shared.kernel.aggregate import Need
from shared.kernel.errors import Kind, Reject, invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work
from shared.security.staff import Member

commands = Rulebook()


@dataclass(frozen=True, slots=True)
class ExcludeMember:
    """A person who must not see this case nor its people any more."""

    case: str
    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeclareInterest(ExcludeMember):
    """The same, said by the person themselves."""


@dataclass(frozen=True, slots=True)
class ReadmitMember:
    """A person who was kept out and need not be any more."""

    case: str
    person: str
    reason: str


def _needs(command: ExcludeMember | ReadmitMember) -> list[Need]:
    return [Case.ref(command.case), Member.ref(command.person)]


@commands.command(ExcludeMember, needs=_needs)
def exclude_member(command: ExcludeMember, work: Work) -> Case:
    """It holds here at once and everywhere within five seconds. The manager hands the case on first, so that no case
    is left with a manager who cannot see it."""
    case, member = _known(command, exclusion_reasons(), work)
    if case.manager == command.person:
        raise Reject("MANAGES_THE_CASE", Kind.CONFLICT)
    _keep_out(case, member, work)
    work.put(case, "MEMBER_EXCLUDED", person=command.person, reason=command.reason)
    return work.get(Case, case.id)


@commands.command(DeclareInterest, needs=_needs)
def declare_interest(command: DeclareInterest, work: Work) -> Case:
    """It holds at once, the manager's too: whoever has an interest may not go on deciding until somebody else is found
    (UU 30/2014 Art 43). Then the leading office is asked for another manager."""
    case, member = _known(command, exclusion_reasons(), work)
    _keep_out(case, member, work)
    work.put(case, "INTEREST_DECLARED", person=command.person, reason=command.reason)
    if case.manager == command.person:
        ask_for_manager(work, case)
    return work.get(Case, case.id)


@commands.command(ReadmitMember, needs=_needs)
def readmit_member(command: ReadmitMember, work: Work) -> Case:
    """From now on the person sees what role and office open to them. Nobody lets themselves in."""
    if acting(work).person == command.person:
        raise Reject("NOT_ONESELF", Kind.FORBIDDEN)
    case, member = _known(command, readmission_reasons(), work)
    if case.id not in member.excluded:
        raise Reject("NOT_KEPT_OUT", Kind.CONFLICT)
    tell(work, member.evolve(excluded=tuple(ref for ref in member.excluded if ref not in _refs(case))), member)
    work.put(case, "MEMBER_READMITTED", person=command.person, reason=command.reason)
    if case.manager == command.person:
        manager_found(work, case)
    return work.get(Case, case.id)


def _known(command: ExcludeMember | ReadmitMember, reasons: Collection[str], work: Work) -> tuple[Case, Member]:
    """The case and the member; raises Reject for a reason that is none of the list's and for a stranger."""
    if command.reason not in reasons:
        raise invalid("UNKNOWN_REASON", "/reason")
    case, member = work.get(Case, command.case), work.find(Member, command.person)
    if member is None:
        raise invalid("UNKNOWN_PERSON", "/person")
    return case, member


def _keep_out(case: Case, member: Member, work: Work) -> None:
    tell(work, member.evolve(excluded=tuple(sorted({*member.excluded, *_refs(case)}))), member)


def _refs(case: Case) -> set[str]:
    """What other services know of the case by their own references."""
    return {case.id, *(person.subject_ref for person in case.persons), *case.all_referrals()}
