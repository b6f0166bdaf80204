"""A referral: one agency asks another in, naming the consents or the legal basis that allow it."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from services.cases.domain.case import Case
from services.cases.domain.consent import ConsentState
from services.cases.domain.deadline import DeadlineClock
from services.cases.domain.workflow import Code, Named
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Kind, Reject, invalid
from shared.reference.agencies import Agency, agency_of, is_office_here

OPEN_STATES = ("OPEN", "ACTIVE")
"""The states of a case in which its manager may ask agencies in."""


class ReferralPurpose(Named):
    """What an agency may be asked for. `consent` is needed beside the agency's own sharing consent."""

    agencies: tuple[Code, ...]
    consent: Code | None = None


class LegalBasis(Named):
    """A ground other than consent (UU 27/2022 Art 20(2)), and the agencies towards which it holds."""

    basis: str
    towards: tuple[Code, ...]


class Referral(Aggregate):
    """One referral with the clock of its answer. `open_key` is set while it waits, so that none is sent twice.

    `manager` is who manages the case that it belongs to; `open_to` is the receiver while it waits and while the grant
    that it began is in force.
    """

    collection: ClassVar[str] = "referrals"
    unique: ClassVar[tuple[tuple[str, ...], ...]] = (("open_key",),)

    case_ref: str
    case_no: str
    subject_ref: str
    sender: str
    manager: str
    agency: str
    purpose: str
    urgency: str
    legal_basis: str | None
    consents: tuple[str, ...]
    state: str = "PENDING"
    open_key: str | None
    open_to: str | None = None
    clock: DeadlineClock
    sent_at: datetime
    answered_at: datetime | None = None
    answered_by: str | None = None
    foreign_no: str | None = None
    reason: str | None = None

    def concerns(self) -> tuple[str, ...]:
        """Its case and its person."""
        return (f"case|{self.case_ref}", f"subject|{self.subject_ref}")

    def owners(self) -> tuple[str, ...]:
        """Who asks and who is asked."""
        return (self.sender, self.agency)

    def accepted(self, clock: DeadlineClock, at: datetime, **more: str | None) -> "Referral":
        """Accepted, with its clock stopped; the receiver goes on seeing it."""
        return self.evolve(state="ACCEPTED", clock=clock, answered_at=at, open_key=None, **more)

    def closed(self, state: str, clock: DeadlineClock, at: datetime, **more: str | None) -> "Referral":
        """Ended without a yes, with its clock stopped and out of the receiver's sight."""
        return self.evolve(state=state, clock=clock, answered_at=at, open_key=None, open_to=None, **more)


def open_key(case_ref: str, agency: str, purpose: str) -> str:
    """What may wait only once: this case, this office, this purpose."""
    return f"{case_ref}|{agency}|{purpose}"


def check_receiver(case: Case, office: str, purpose: ReferralPurpose) -> Agency:
    """The agency of the receiving office; raises Reject where it cannot be asked for this."""
    agency = agency_of(office) if is_office_here(office) else None
    if agency is None or agency.share_purpose is None:
        raise invalid("UNKNOWN_AGENCY", "/agency")
    if office == case.lead:
        raise invalid("LEADS_ALREADY", "/agency")
    if agency.code not in purpose.agencies:
        raise invalid("NOT_FOR_THIS_AGENCY", "/purpose")
    return agency


def needed_consents(agency: Agency, purpose: ReferralPurpose) -> tuple[str, ...]:
    """The purposes that the person must have agreed to."""
    return tuple(code for code in (agency.share_purpose, purpose.consent) if code is not None)


def check_allowed(needed: tuple[str, ...], state_of: Callable[[str], ConsentState | None]) -> None:
    """Raise Reject unless every needed consent stands; refused, withdrawn and never asked are all a no."""
    if any(state_of(purpose) is not ConsentState.GIVEN for purpose in needed):
        raise Reject("CONSENT_MISSING", Kind.INVALID, errors=[("/legal_basis", "CONSENT_MISSING")])


def check_basis(basis: LegalBasis | None, agency: Agency) -> None:
    """Raise Reject unless this legal basis exists and holds towards this agency."""
    if basis is None or agency.code not in basis.towards:
        raise invalid("UNKNOWN_LEGAL_BASIS", "/legal_basis")
