"""Taking a draft: its lead and its manager."""

from dataclasses import dataclass
from datetime import datetime

from services.cases.domain.agency_file import AgencyFile
from services.cases.domain.case import Case
from services.cases.effects import announce_opening, hand_tasks
from services.cases.workflows import case_workflow
from shared.kernel.acting import acting, check_time
from shared.kernel.errors import Kind, Reject
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

commands = Rulebook()


@dataclass(frozen=True, slots=True)
class TakeCase:
    """A member of the proposed lead becomes the manager of a draft."""

    case: str
    occurred_at: datetime | None = None


@commands.command(TakeCase, needs=lambda c: [Case.ref(c.case)])
def take_case(command: TakeCase, work: Work) -> Case:
    """The taker's office becomes the lead; the case opens where the consent state is known."""
    check_time(work.occurred_at, work)
    actor, case = acting(work), work.get(Case, command.case)
    if actor.agency != case.proposed_lead:
        raise Reject("NOT_THE_LEAD", Kind.FORBIDDEN)
    taken = case.taken(case_workflow(), actor.person)
    work.put(taken, "CASE_TAKEN", lead=taken.lead, manager=taken.manager, state=taken.state)
    for ref in case.files:  # the lead's own facts may have begun some
        file = work.get(AgencyFile, ref)
        work.put(file.evolve(lead=taken.lead, manager=taken.manager), "FILE_MANAGED", manager=taken.manager)
    hand_tasks(work, taken)
    announce_opening(work, case, taken)
    return work.get(Case, case.id)
