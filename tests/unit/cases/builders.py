"""Cases, referrals and facts to start tests from."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from services.cases.commands import RecordConsent, commands
from services.cases.domain.case import Case, Participant, Person
from services.cases.domain.consent import Answer, Consent, ConsentState, Evidence, ToldHow, consent_id
from services.cases.handlers import handlers
from shared.events.intake_v1 import SubjectHandedToCase
from shared.kernel.aggregate import Aggregate
from shared.kernel.consent import GivenBy
from shared.kernel.context import Actor
from tests.support.pure import NOW, World, event

LEAD = "UPTD_PPA-53.71"
MANAGER = Actor("O-20", LEAD, frozenset({"CASE_MANAGER"}))
LPSK = Actor("O-51", "LPSK-53", frozenset({"AGENCY_OFFICER"}))
POLICE = Actor("O-60", "POLRI-53", frozenset({"AGENCY_OFFICER"}))
RULES = handlers.including(commands)


def world(given: Iterable[Aggregate] = (), now: datetime = NOW) -> World:
    """The service's rules over these aggregates."""
    return World(RULES, given, now)


def handed(**changes: Any) -> SubjectHandedToCase:
    """The hand-over of a presumed victim at El Tari."""
    body: dict[str, Any] = {
        "occurred_at": NOW,
        "subject_ref": "P-004",
        "report_ref": "I-1",
        "source": "INTERDICTION",
        "handed_by": "NAKER_PROV-53",
        "state": "PRESUMED_VICTIM",
        "risk": "R1_DARURAT",
        "sex": "F",
        "age_band": "25-34",
        "as_child": False,
        "kabupaten": "53.02",
        "host": "53.71",
    }
    return SubjectHandedToCase(**(body | changes))


def hand_over(into: World, **changes: Any) -> Case:
    """The case that a hand-over drafts."""
    work = into.handle(event(handed(**changes)))
    return next(found for found in work.changed.values() if isinstance(found, Case))


def draft(**changes: Any) -> Case:
    """A case as drafted."""
    case = Case(
        id="case-1",
        version=1,
        case_no="NTT-2026-048213",
        source="INTERDICTION",
        host="53.71",
        abroad=False,
        persons=(
            Person(
                subject_ref="P-004",
                role="SUBJECT",
                status="PRESUMED_VICTIM",
                round=0,
                sex="F",
                age_band="25-34",
                as_child=False,
                kabupaten="53.02",
            ),
        ),
        proposed_lead=LEAD,
        risk="R2_TINGGI",
        handed_at=NOW - timedelta(hours=1),
    )
    return case.evolve(**changes)


def opened(**changes: Any) -> Case:
    """A case that its manager works on."""
    ready: dict[str, Any] = {"state": "OPEN", "lead": LEAD, "manager": MANAGER.person, "consent_known": True}
    return draft(**(ready | changes))


def participant() -> Participant:
    """Where P-004's case is."""
    return Participant(id="P-004", version=1, case_ref="case-1")


def consent(purpose: str, state: ConsentState = ConsentState.GIVEN) -> Consent:
    """P-004's answer for a purpose."""
    answer = Answer(
        state=state,
        answered_at=NOW - timedelta(minutes=30),
        agency=LEAD,
        told_how=ToldHow.READ_ALOUD,
        given_by=GivenBy.SELF,
        evidence=Evidence.SIGNED,
    )
    return Consent(
        id=consent_id("P-004", purpose),
        version=1,
        subject_ref="P-004",
        purpose=purpose,
        case_ref="case-1",
        state=state,
        answers=(answer,),
    )


def lpsk_consents() -> list[Consent]:
    """What a referral to LPSK for protection needs."""
    return [consent("SHARE_LPSK"), consent("LPSK_APPLICATION")]


def emitted(work: Any) -> list[str]:
    """The names of the bodies that a decision published, in order."""
    return [type(each.data).__name__ for each in work.events]


def said(purpose: str, answer: str, /, **changes: Any) -> RecordConsent:
    """What P-004 says about a purpose."""
    body: dict[str, Any] = {
        "case": "case-1",
        "subject": "P-004",
        "purpose": purpose,
        "answer": ConsentState(answer),
        "told_how": ToldHow.READ_ALOUD,
        "language": "DAWAN",
        "given_by": GivenBy.SELF,
        "evidence": Evidence.WITNESSED,
    }
    return RecordConsent(**(body | changes))
