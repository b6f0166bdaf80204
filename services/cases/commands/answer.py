"""An agency's answer to a referral: yes, perhaps under a number of its own, or no with a reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.cases.catalogue import rejection_reasons
from services.cases.domain.agency_file import AgencyFile, new_file
from services.cases.domain.case import Case
from services.cases.domain.deadline import DeadlineClock
from services.cases.domain.referral import Referral
from services.cases.effects import REFERRAL_ANSWER, announce_opening, breach, point, stop_timer
from services.cases.workflows import referral_workflow, workflow_of
from shared.events import case_v1
from shared.kernel.acting import acting, check_time
from shared.kernel.aggregate import Need
from shared.kernel.errors import Kind, Reject, invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import Timer, timer_id
from shared.kernel.work import Work

commands = Rulebook()


@dataclass(frozen=True, slots=True)
class AcceptReferral:
    """The agency takes the referral, under its own number if it already has one."""

    referral: str
    foreign_no: str | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RejectReferral:
    """The agency says no, with a reason code."""

    referral: str
    reason: str
    occurred_at: datetime | None = None


def _answer_needs(command: AcceptReferral | RejectReferral) -> Iterable[Need]:
    yield Referral.ref(command.referral).then(lambda found: Case.ref(found.case_ref) if found else None)
    yield Timer.ref(timer_id(REFERRAL_ANSWER, command.referral))


@commands.command(AcceptReferral, needs=_answer_needs)
def accept_referral(command: AcceptReferral, work: Work) -> Referral:
    """The first acceptance makes the case active; the agency's number begins its file."""
    referral = _waiting(work, command.referral, "ACCEPT")
    case = work.get(Case, referral.case_ref)
    clock, by = _stop_clock(work, referral), acting(work).person
    accepted = referral.accepted(clock, work.occurred_at, answered_by=by, foreign_no=command.foreign_no)
    work.put(accepted, "REFERRAL_ACCEPTED", agency=referral.agency)
    work.emit(case_v1.ReferralAccepted(**_answer_fields(accepted, work)), key=case.id)
    after, file_ref = case.accepted(), _begun_file(work, case, accepted)
    if file_ref is not None:
        after = after.with_file(file_ref)
    if after != case:
        what = "FILE_LINKED" if after.state == case.state else "CASE_ACTIVATED"
        work.put(after, what, agency=referral.agency, file_ref=file_ref)
        announce_opening(work, case, after)
    return work.get(Referral, referral.id)


@commands.command(RejectReferral, needs=_answer_needs)
def reject_referral(command: RejectReferral, work: Work) -> Referral:
    """The agency's sight of the case ends with its no."""
    if command.reason not in rejection_reasons():
        raise invalid("UNKNOWN_REASON", "/data/reason")
    referral = _waiting(work, command.referral, "REJECT")
    case = work.get(Case, referral.case_ref)
    clock, by = _stop_clock(work, referral), acting(work).person
    rejected = referral.closed("REJECTED", clock, work.occurred_at, answered_by=by, reason=command.reason)
    work.put(rejected, "REFERRAL_REJECTED", agency=referral.agency, reason=command.reason)
    work.emit(case_v1.ReferralRejected(**_answer_fields(rejected, work), reason=command.reason), key=case.id)
    grants = tuple(grant for grant in case.grants if grant.referral_ref == referral.id)
    work.put(case.ungranted(*grants), "GRANT_ENDED", agency=referral.agency, referral_ref=referral.id)
    return work.get(Referral, referral.id)


def _waiting(work: Work, id_: str, move: str) -> Referral:
    check_time(work.occurred_at, work)
    referral = work.get(Referral, id_)
    legal = referral_workflow().legal_moves(referral.state)
    if move not in legal:
        raise Reject("ILLEGAL_MOVE", Kind.ILLEGAL_MOVE, legal_moves=legal)
    if work.occurred_at < referral.sent_at:
        raise invalid("BEFORE_SENDING", "/occurred_at")
    return referral


def _stop_clock(work: Work, referral: Referral) -> DeadlineClock:
    """Stopped at the moment of the answer; an answer after the limit is a breach, also where no timer fired yet."""
    limit = stop_timer(work, referral.id)
    clock = referral.clock.stopped(work.occurred_at)
    if clock.breached_at and not referral.clock.breached_at and limit:
        breach(work, referral, clock, 0, limit.event_id)
    return clock


def _answer_fields(referral: Referral, work: Work) -> dict[str, object]:
    return {
        "occurred_at": work.occurred_at,
        "case_ref": referral.case_ref,
        "case_no": referral.case_no,
        "referral_ref": referral.id,
        "sender": referral.sender,
        "agency": referral.agency,
    }


def _begun_file(work: Work, case: Case, referral: Referral) -> str | None:
    """The new file under the agency's number; None where there is no number, or where its facts began it before."""
    agency_code, foreign_no = referral.agency.rpartition("-")[0], referral.foreign_no
    if foreign_no is None:
        return None
    known = work.find_by(AgencyFile, agency_code=agency_code, foreign_no=foreign_no)
    if known is not None:
        if known.case_ref != case.id:
            raise invalid("NUMBER_IN_USE", "/data/foreign_no")
        return None
    file = new_file(work.new_id(), case, referral.agency, foreign_no, workflow_of(agency_code))
    work.put(file, "FILE_BEGUN", agency=referral.agency)
    point(work, case, referral.agency, "FILE_CHANGED", foreign_no)
    return file.id
