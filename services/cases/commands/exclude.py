"""Keeping a member of staff out of a case in which they have an interest of their own (conflict of interest)."""

from dataclasses import dataclass

from services.cases.catalogue import exclusion_reasons
from services.cases.commands.staff import tell
from services.cases.domain.case import Case
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


@commands.command(ExcludeMember, needs=lambda c: [Case.ref(c.case), Member.ref(c.person)])
def exclude_member(command: ExcludeMember, work: Work) -> Case:
    """It holds here at once and everywhere within five seconds. The manager hands the case on first, so that no case
    is left with a manager who cannot see it."""
    if command.reason not in exclusion_reasons():
        raise invalid("UNKNOWN_REASON", "/reason")
    case, member = work.get(Case, command.case), work.find(Member, command.person)
    if member is None:
        raise invalid("UNKNOWN_PERSON", "/person")
    if case.manager == command.person:
        raise Reject("MANAGES_THE_CASE", Kind.CONFLICT)
    refs = {case.id, *(person.subject_ref for person in case.persons), *case.all_referrals()}
    tell(work, member.evolve(excluded=tuple(sorted({*member.excluded, *refs}))), member)
    work.put(case, "MEMBER_EXCLUDED", person=command.person, reason=command.reason)
    return work.get(Case, case.id)
