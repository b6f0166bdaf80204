"""Facts of coordination cases. Key: the case, so that one case's facts stay in order."""

from typing import Annotated

from pydantic import Field

from shared.events.envelope import Code, EventData, Id, Moment
from shared.events.intake_v1 import AgencyRef, Kabupaten, Purpose, Risk

TOPIC = ("case-events",)
CaseNo = Annotated[str, Field(pattern=r"^NTT-[0-9]{4}-[0-9]{6}$")]


class CaseDrafted(EventData):
    """A hand-over made a case; it stays a draft until consent state and lead are set."""

    type = "id.pulang.case.case.drafted.v1"
    topics = TOPIC

    case_ref: Id
    case_no: CaseNo
    subject_ref: Id
    proposed_lead: AgencyRef
    host: Kabupaten
    risk: Risk | None


class CaseOpened(EventData):
    """Lead, manager and consent state are known."""

    type = "id.pulang.case.case.opened.v1"
    topics = TOPIC

    case_ref: Id
    case_no: CaseNo
    lead: AgencyRef
    manager: Id


class ManagerChanged(EventData):
    """Another member of the lead manages the case: what its former manager could see ends with this."""

    type = "id.pulang.case.manager.changed.v1"
    topics = TOPIC

    case_ref: Id
    case_no: CaseNo
    lead: AgencyRef
    manager: Id


class CaseActivated(EventData):
    """The first agency accepted its referral."""

    type = "id.pulang.case.case.activated.v1"
    topics = TOPIC

    case_ref: Id
    case_no: CaseNo


class RiskChanged(EventData):
    """The highest open risk level of the case is another one."""

    type = "id.pulang.case.risk.changed.v1"
    topics = TOPIC

    case_ref: Id
    case_no: CaseNo
    risk: Risk


class ConsentGiven(EventData):
    """The person agreed to one purpose."""

    type = "id.pulang.case.consent.given.v1"
    topics = TOPIC

    case_ref: Id
    subject_ref: Id
    purpose: Purpose


class ConsentRefused(EventData):
    """The person said no to one purpose; a valid outcome."""

    type = "id.pulang.case.consent.refused.v1"
    topics = TOPIC

    case_ref: Id
    subject_ref: Id
    purpose: Purpose


class ConsentWithdrawn(EventData):
    """The person took an earlier yes back; no reason is asked for, none is told."""

    type = "id.pulang.case.consent.withdrawn.v1"
    topics = TOPIC

    case_ref: Id
    subject_ref: Id
    purpose: Purpose


class ReferralSent(EventData):
    """A case manager asked an agency in, naming a consent or a legal basis. `due_at` is when an answer is due."""

    type = "id.pulang.case.referral.sent.v1"
    topics = TOPIC

    case_ref: Id
    case_no: CaseNo
    referral_ref: Id
    sender: AgencyRef
    agency: AgencyRef
    purpose: Code
    urgency: Code
    due_at: Moment


class ReferralAccepted(EventData):
    """The agency took the referral."""

    type = "id.pulang.case.referral.accepted.v1"
    topics = TOPIC

    case_ref: Id
    case_no: CaseNo
    referral_ref: Id
    sender: AgencyRef
    agency: AgencyRef


class ReferralRejected(EventData):
    """The agency said no, with a reason code."""

    type = "id.pulang.case.referral.rejected.v1"
    topics = TOPIC

    case_ref: Id
    case_no: CaseNo
    referral_ref: Id
    sender: AgencyRef
    agency: AgencyRef
    reason: Code


class ClockBreached(EventData):
    """A deadline passed unmet. It changes no state. Which deadline shows only after sign-in, by `clock_ref`."""

    type = "id.pulang.case.clock.breached.v1"
    topics = TOPIC

    case_ref: Id
    case_no: CaseNo
    clock_ref: Id
    referral_ref: Id | None = None
    """What waits for the answer; null in what was published before it was told."""
    owner: AgencyRef
    """The office that owed the act."""
    sender: AgencyRef
    """The office that waits for it."""
    due_at: Moment
    rung: Annotated[int, Field(ge=0, le=20)]


class FileProgressed(EventData):
    """An agency's file of the case moved on, by its own fact. `stage` is the state code of that agency's workflow."""

    type = "id.pulang.case.file.progressed.v1"
    topics = TOPIC

    case_ref: Id
    case_no: CaseNo
    file_ref: Id
    agency: AgencyRef
    lead: AgencyRef | None
    stage: Code


class ErasureWeighed(EventData):
    """What of the case still needs a person's identity, after one controller granted their erasure.

    `needed` is empty where nothing does."""

    type = "id.pulang.case.erasure.weighed.v1"
    topics = TOPIC

    case_ref: Id
    subject_ref: Id
    request_ref: Id
    needed: tuple[Code, ...]


class ManagerStoodAside(EventData):
    """The case's manager may not see it any more; the leading office has to name another."""

    type = "id.pulang.case.manager.stood_aside.v1"
    topics = TOPIC

    case_ref: Id
    case_no: CaseNo
    lead: AgencyRef


class EmergencyOpened(EventData):
    """Somebody opened a case by themselves in an emergency; until `due_at` somebody else looks at it. Says who and
    which case, never what they read."""

    type = "id.pulang.case.emergency.opened.v1"
    topics = ("case-events",)

    emergency_ref: Id
    case_ref: Id
    case_no: CaseNo
    person: Id
    agency: AgencyRef
    lead: AgencyRef
    tell: AgencyRef
    """The office of the data protection officer."""
    due_at: Moment


class EmergencyReviewMissed(EventData):
    """Nobody looked at it in time. Which case it is, the data protection officer knows by the reference. Key: the
    case."""

    type = "id.pulang.case.emergency.review_missed.v1"
    topics = ("case-events",)

    emergency_ref: Id
    tell: AgencyRef
    due_at: Moment


class SealMade(EventData):
    """A case was sealed, or names others from now on. Which case it is, those named know, and the data protection
    officer by the seal's reference. Key: the seal."""

    type = "id.pulang.case.seal.made.v1"
    topics = ("case-events",)

    seal_ref: Id
    tell: AgencyRef
    """The office of the data protection officer."""


class BreachKnown(EventData):
    """A failure to protect personal data is known; until `due_at` the persons and the authority are told."""

    type = "id.pulang.case.breach.known.v1"
    topics = ("case-events",)

    breach_ref: Id
    tell: AgencyRef
    """The office of the data protection officer."""
    due_at: Moment


class BreachNoticeMissed(BreachKnown):
    """Somebody who must be told of a breach was not told in time."""

    type = "id.pulang.case.breach.notice_missed.v1"
    topics = ("case-events",)
