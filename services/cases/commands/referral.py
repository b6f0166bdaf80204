"""Sending a referral: nothing goes to an agency without a consent or a named legal basis."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.cases.catalogue import deadline, legal_bases, purposes
from services.cases.domain.case import Case, Grant
from services.cases.domain.consent import Consent, ConsentState, consent_id
from services.cases.domain.deadline import start_clock
from services.cases.domain.referral import (
    OPEN_STATES,
    Referral,
    check_allowed,
    check_basis,
    check_receiver,
    needed_consents,
    open_key,
)
from services.cases.effects import REFERRAL_ANSWER, point
from services.cases.workflows import case_workflow
from shared.events import case_v1
from shared.kernel.acting import check_time
from shared.kernel.aggregate import Need
from shared.kernel.errors import Kind, Reject, invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.timer import start_timer
from shared.kernel.work import Work
from shared.reference.agencies import AGENCIES

commands = Rulebook()


@dataclass(frozen=True, slots=True)
class SendReferral:
    """The case manager asks an office for something, for one person of the case."""

    case: str
    subject: str
    agency: str
    purpose: str
    legal_basis: str | None = None
    occurred_at: datetime | None = None


def _referral_needs(command: SendReferral) -> Iterable[Need]:
    yield Case.ref(command.case)
    yield Referral.by(open_key=open_key(command.case, command.agency, command.purpose))
    purpose, agency = purposes().get(command.purpose), AGENCIES.get(command.agency.rpartition("-")[0])
    if purpose and agency:
        for needed in needed_consents(agency, purpose):
            yield Consent.ref(consent_id(command.subject, needed))


@commands.command(SendReferral, needs=_referral_needs)
def send_referral(command: SendReferral, work: Work) -> Referral:
    """Nothing goes to an agency without a consent or a named legal basis; the answer's clock starts."""
    check_time(work.occurred_at, work)
    case = work.get(Case, command.case)
    if case.state not in OPEN_STATES:
        raise Reject("CASE_NOT_OPEN", Kind.ILLEGAL_MOVE, legal_moves=case.legal_moves(case_workflow()))
    case.person(command.subject)
    if case.seal is not None and not case.seal.reaches(command.agency):
        raise invalid("NOT_NAMED", "/agency")
    consents = _allowed_by(command, case, work)
    if work.find_by(Referral, open_key=open_key(case.id, command.agency, command.purpose)):
        raise Reject("ALREADY_WAITING", Kind.ILLEGAL_MOVE)
    referral = _new_referral(command, case, consents, work)
    work.put(referral, "REFERRAL_SENT", agency=referral.agency, purpose=referral.purpose)
    work.put(start_timer(REFERRAL_ANSWER, referral.id, referral.clock.due_at))
    granted = case.granted(Grant(agency=referral.agency, referral_ref=referral.id, consents=consents))
    work.put(granted, "AGENCY_GRANTED", agency=referral.agency, referral_ref=referral.id)
    _announce_referral(work, referral)
    point(work, case, referral.agency, "REFERRAL_SENT")
    return work.get(Referral, referral.id)


def _allowed_by(command: SendReferral, case: Case, work: Work) -> tuple[str, ...]:
    """The consents that the referral rests on, none where it rests on a legal basis."""
    purpose = purposes().get(command.purpose)
    if purpose is None:
        raise invalid("UNKNOWN_PURPOSE", "/purpose")
    agency = check_receiver(case, command.agency, purpose)
    if command.legal_basis is not None:
        check_basis(legal_bases().get(command.legal_basis), agency)
        return ()

    def state_of(needed: str) -> ConsentState | None:
        consent = work.find(Consent, consent_id(command.subject, needed))
        return consent.state if consent else None

    needed = needed_consents(agency, purpose)
    check_allowed(needed, state_of)
    return needed


def _new_referral(command: SendReferral, case: Case, consents: tuple[str, ...], work: Work) -> Referral:
    id_ = work.new_id()
    return Referral(
        id=id_,
        case_ref=case.id,
        case_no=case.case_no,
        subject_ref=command.subject,
        sender=case.lead or "",
        manager=case.manager or "",
        agency=command.agency,
        purpose=command.purpose,
        urgency=case.risk or "UNKNOWN",
        legal_basis=command.legal_basis,
        consents=consents,
        open_key=open_key(case.id, command.agency, command.purpose),
        open_to=command.agency,
        clock=start_clock(deadline(REFERRAL_ANSWER), work.new_id(), work.occurred_at, case.risk),
        sent_at=work.occurred_at,
    )


def _announce_referral(work: Work, referral: Referral) -> None:
    sent = case_v1.ReferralSent(
        occurred_at=referral.sent_at,
        case_ref=referral.case_ref,
        case_no=referral.case_no,
        referral_ref=referral.id,
        sender=referral.sender,
        agency=referral.agency,
        purpose=referral.purpose,
        urgency=referral.urgency,
        due_at=referral.clock.due_at,
    )
    work.emit(sent, key=referral.case_ref)
