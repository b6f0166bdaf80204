"""Giving a case to another manager: who managed it before sees nothing of it from then on, here and in intake."""

from dataclasses import dataclass
from datetime import datetime

from services.cases.commands.seal import tell_seal
from services.cases.domain.agency_file import AgencyFile
from services.cases.domain.case import Case
from services.cases.domain.referral import Referral
from services.cases.domain.seal import NamedPerson
from services.cases.effects import hand_tasks, manager_found
from shared.events.case_v1 import ManagerChanged
from shared.kernel.acting import check_time
from shared.kernel.errors import Reject, invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work
from shared.security.staff import Member, to_actor

commands = Rulebook()

MANAGES = "CASE_MANAGER"


@dataclass(frozen=True, slots=True)
class ReassignCase:
    """Another member of the leading office becomes the manager."""

    case: str
    manager: str
    occurred_at: datetime | None = None


@commands.command(ReassignCase, needs=lambda c: [Case.ref(c.case), Member.ref(c.manager)])
def reassign_case(command: ReassignCase, work: Work) -> Case:
    """The case with all its parts passes to the new manager in one transaction."""
    check_time(work.occurred_at, work)
    case = work.get(Case, command.case)
    if case.manager is None:
        raise Reject("NOT_TAKEN")
    if case.manager == command.manager:
        raise Reject("MANAGES_ALREADY")
    _check_manager(work, command.manager, case)
    after = _handed_on(case, case.manager, command.manager)
    work.put(after, "CASE_REASSIGNED", manager=command.manager, former=case.manager)
    manager_found(work, case)
    _pass_on(work, after, command.manager)
    if after.seal is not None:
        tell_seal(work, after, after.seal)
    if case.state != "DRAFT":  # of a draft's manager nobody was told yet; opening it tells
        work.emit(_changed(after, work), key=case.id)
    return work.get(Case, case.id)


def _handed_on(case: Case, former: str, manager: str) -> Case:
    """With its new manager, who is named in the former one's place where it is sealed."""
    named = NamedPerson(person=manager, agency=case.lead or "")
    return case.evolve(manager=manager, seal=case.seal.handed_on(former, named) if case.seal else None)


def _check_manager(work: Work, person: str, case: Case) -> None:
    member = work.find(Member, person)
    actor = to_actor(member, work.now) if member else None
    if actor is None or actor.agency != case.lead or MANAGES not in actor.roles or case.id in actor.excluded:
        raise invalid("NO_MANAGER_HERE", "/manager")


def _pass_on(work: Work, case: Case, manager: str) -> None:
    """To the parts that keep a copy of who manages, since the database must find them by it."""
    for ref in case.all_referrals():
        work.put(work.get(Referral, ref).evolve(manager=manager), "REFERRAL_MANAGED", manager=manager)
    for ref in case.files:
        work.put(work.get(AgencyFile, ref).evolve(manager=manager), "FILE_MANAGED", manager=manager)
    hand_tasks(work, case)


def _changed(case: Case, work: Work) -> ManagerChanged:
    return ManagerChanged(
        occurred_at=work.occurred_at,
        case_ref=case.id,
        case_no=case.case_no,
        lead=case.lead or "",
        manager=case.manager or "",
    )
