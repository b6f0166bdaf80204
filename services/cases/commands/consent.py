"""Recording what a person says about a purpose, and what follows from it."""

from dataclasses import dataclass
from datetime import datetime

from services.cases.domain.case import Case
from services.cases.domain.consent import (
    Answer,
    Consent,
    ConsentState,
    Evidence,
    ToldHow,
    check_purpose,
    consent_id,
    first_answer,
    next_answer,
)
from services.cases.effects import announce_opening, end_grants
from shared.events import case_v1
from shared.kernel.acting import acting, check_time
from shared.kernel.consent import GivenBy, check_guardian
from shared.kernel.context import Actor
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

commands = Rulebook()


@dataclass(frozen=True, slots=True)
class RecordConsent:
    """A person of the case answered for one purpose."""

    case: str
    subject: str
    purpose: str
    answer: ConsentState
    told_how: ToldHow
    language: str
    given_by: GivenBy
    evidence: Evidence
    occurred_at: datetime | None = None


@commands.command(RecordConsent, needs=lambda c: [Case.ref(c.case), Consent.ref(consent_id(c.subject, c.purpose))])
def record_consent(command: RecordConsent, work: Work) -> Consent:
    """Every answer is kept. A first one makes the consent state known; taking one back ends what rests on it."""
    check_time(work.occurred_at, work)
    check_purpose(command.purpose)
    case = work.get(Case, command.case)
    answer = _answer(command, acting(work), work.occurred_at)
    as_child = case.person(command.subject).as_child
    check_guardian(answer.given_by, child_agrees=as_child and answer.state is ConsentState.GIVEN)
    known = work.find(Consent, consent_id(command.subject, command.purpose))
    consent = next_answer(known, answer) if known else first_answer(command.subject, command.purpose, case.id, answer)
    work.put(consent, f"CONSENT_{answer.state}", purpose=command.purpose)
    if known is None or consent.state is not known.state:
        _announce_consent(work, consent, answer.answered_at)
    _apply_consent(work, case, consent)
    return work.get(Consent, consent.id)


def _answer(command: RecordConsent, actor: Actor, at: datetime) -> Answer:
    return Answer(
        state=command.answer,
        answered_at=at,
        recorded_by=actor.person,
        agency=actor.agency,
        told_how=command.told_how,
        language=command.language,
        given_by=command.given_by,
        evidence=command.evidence,
    )


CONSENT_EVENTS = {
    ConsentState.GIVEN: case_v1.ConsentGiven,
    ConsentState.REFUSED: case_v1.ConsentRefused,
    ConsentState.WITHDRAWN: case_v1.ConsentWithdrawn,
}


def _announce_consent(work: Work, consent: Consent, at: datetime) -> None:
    """Publish what stands from now on; an answer that changes nothing is in the timeline alone."""
    data = CONSENT_EVENTS[consent.state](
        occurred_at=at, case_ref=consent.case_ref, subject_ref=consent.subject_ref, purpose=consent.purpose
    )
    work.emit(data, key=consent.case_ref)


def _apply_consent(work: Work, case: Case, consent: Consent) -> None:
    after = case.consent_heard()
    if consent.state is not ConsentState.GIVEN:
        ended = after.resting_on(consent.subject_ref, consent.purpose)
        after = end_grants(work, after, ended, "CONSENT_ENDED")
    if after != case:
        work.put(after, "CONSENT_STATE_CHANGED", purpose=consent.purpose, state=after.state)
        announce_opening(work, case, after)
