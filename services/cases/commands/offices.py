"""Shutting a whole office out, and letting it in again."""

from dataclasses import dataclass

from services.cases.commands.staff import check_reason
from shared.events.staff_v1 import OfficePublished
from shared.kernel.errors import Kind, Reject, invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work
from shared.reference.agencies import is_office_here
from shared.security.staff import Office

commands = Rulebook()


@dataclass(frozen=True, slots=True)
class SuspendOffice:
    """Nobody of this office acts or sees anything from now on."""

    office: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReinstateOffice:
    """Let it in again."""

    office: str


@commands.command(SuspendOffice, needs=lambda c: [Office.ref(c.office)])
def suspend_office(command: SuspendOffice, work: Work) -> Office:
    """The kill switch of an office; nobody uses it on their own, so that whoever does can undo it."""
    check_reason(command.reason)
    _check_other(command.office, work)
    return _tell(work, command.office, suspended=True)


@commands.command(ReinstateOffice, needs=lambda c: [Office.ref(c.office)])
def reinstate_office(command: ReinstateOffice, work: Work) -> Office:
    """Undo it."""
    known = work.find(Office, command.office)
    if known is None or not known.suspended:
        raise Reject("NOT_SUSPENDED")
    return _tell(work, command.office, suspended=False)


def _check_other(office: str, work: Work) -> None:
    if not is_office_here(office):
        raise invalid("UNKNOWN_AGENCY", "/agency")
    if work.cause.actor is not None and work.cause.actor.agency == office:
        raise Reject("NOT_ONES_OWN_OFFICE", Kind.FORBIDDEN)


def _tell(work: Work, id_: str, *, suspended: bool) -> Office:
    known = work.find(Office, id_)
    if known is not None and known.suspended == suspended:
        return known
    work.put((known or Office(id=id_, suspended=suspended)).evolve(suspended=suspended, told_at=work.now))
    work.emit(OfficePublished(occurred_at=work.now, agency=id_, suspended=suspended), key=id_)
    return work.get(Office, id_)
