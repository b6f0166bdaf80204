"""What intake reports: a person is handed over, a screening round ended."""

from collections.abc import Iterable

from services.cases.domain.case import Case, Participant, Person
from services.cases.domain.consent import Answer, Consent, ConsentState, consent_id, first_answer
from services.cases.domain.lead import proposed_lead
from services.cases.domain.numbers import draw_number, number_needs
from services.cases.domain.risk import RiskEntry
from services.cases.effects import announce_risk, end_grants
from shared.events.case_v1 import CaseDrafted, ErasureWeighed
from shared.events.envelope import Event
from shared.events.intake_v1 import ConsentChoice, ErasureGranted, ScreeningCompleted, SubjectHandedToCase
from shared.kernel.aggregate import Need
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

handlers = Rulebook()

CaseEvent = Event[SubjectHandedToCase] | Event[ScreeningCompleted] | Event[ErasureGranted]


def _case_of(event: CaseEvent) -> Need:
    person = Participant.ref(event.data.subject_ref)
    return person.then(lambda found: Case.ref(found.case_ref) if found else None)


def _hand_over_needs(event: Event[SubjectHandedToCase]) -> Iterable[Need]:
    yield _case_of(event)
    yield from number_needs(event.time, event.data.subject_ref)
    for choice in event.data.consents:
        yield Consent.ref(consent_id(event.data.subject_ref, choice.purpose))


@handlers.on(SubjectHandedToCase, needs=_hand_over_needs)
def draft_case(event: Event[SubjectHandedToCase], work: Work) -> None:
    """A hand-over makes a draft, with the consents that intake heard.

    A person who already has a case stays there: the second hand-over only leaves its line in the case's timeline.
    """
    handed = event.data
    known = work.find(Participant, handed.subject_ref)
    if known is not None:
        work.put(work.get(Case, known.case_ref), "HANDED_OVER_AGAIN", subject_ref=handed.subject_ref)
        return
    case = _new_case(event, work)
    work.put(case, "CASE_DRAFTED", subject_ref=handed.subject_ref, proposed_lead=case.proposed_lead)
    work.put(Participant(id=handed.subject_ref, case_ref=case.id))
    for choice in handed.consents:
        _take_over(work, case, event, choice)
    work.emit(_drafted(event, case), key=case.id)


def _new_case(event: Event[SubjectHandedToCase], work: Work) -> Case:
    handed = event.data
    entry = _risk_entry(event, handed.risk, 0)
    lead = proposed_lead(handed.state, handed.source, handed.host, as_child=handed.as_child, abroad=handed.abroad)
    return Case(
        id=work.new_id(),
        case_no=draw_number(work, event.time, handed.subject_ref),
        source=handed.source,
        host=handed.host,
        abroad=handed.abroad,
        persons=(_person(handed),),
        proposed_lead=lead,
        consent_known=bool(handed.consents),
        risk=handed.risk,
        risks=(entry,) if entry else (),
        handed_at=event.occurred_at,
    )


def _person(handed: SubjectHandedToCase) -> Person:
    return Person(
        subject_ref=handed.subject_ref,
        role="SUBJECT",
        status=handed.state,
        round=0,
        sex=handed.sex,
        age_band=handed.age_band,
        as_child=handed.as_child,
        kabupaten=handed.kabupaten,
    )


def _risk_entry(event: CaseEvent, level: str | None, round_: int) -> RiskEntry | None:
    if level is None:
        return None
    return RiskEntry(subject_ref=event.data.subject_ref, level=level, round=round_, assessed_at=event.occurred_at)


def _take_over(work: Work, case: Case, event: Event[SubjectHandedToCase], choice: ConsentChoice) -> None:
    state = ConsentState.GIVEN if choice.given else ConsentState.REFUSED
    answered_at = choice.answered_at or event.occurred_at
    answer = Answer(state=state, answered_at=answered_at, agency=event.data.handed_by)
    consent = first_answer(event.data.subject_ref, choice.purpose, case.id, answer)
    work.put(consent, "CONSENT_TAKEN_OVER", purpose=choice.purpose, answer=state)


def _drafted(event: Event[SubjectHandedToCase], case: Case) -> CaseDrafted:
    return CaseDrafted(
        occurred_at=event.occurred_at,
        case_ref=case.id,
        case_no=case.case_no,
        subject_ref=event.data.subject_ref,
        proposed_lead=case.proposed_lead,
        host=event.data.host,
        risk=event.data.risk,
    )


@handlers.on(ScreeningCompleted, needs=lambda event: [_case_of(event)])
def note_screening(event: Event[ScreeningCompleted], work: Work) -> None:
    """Later rounds stay in intake; the case copies status and risk. Rounds before the hand-over say nothing here."""
    known = work.find(Participant, event.data.subject_ref)
    if known is None:
        return
    case, screened = work.get(Case, known.case_ref), event.data
    entry = _risk_entry(event, screened.risk, screened.round)
    after = case.screened(screened.subject_ref, screened.state, entry, screened.round)
    if after is not case:
        work.put(after, "SCREENING_NOTED", subject_ref=screened.subject_ref, status=screened.state, risk=after.risk)
        announce_risk(work, case, after)


@handlers.on(ErasureGranted, needs=lambda event: [_case_of(event)])
def weigh_erasure(event: Event[ErasureGranted], work: Work) -> None:
    """The controller's grants end, and intake hears what of the case still needs to know who the person is."""
    granted = event.data
    case = work.get(Case, work.get(Participant, granted.subject_ref).case_ref)
    ended = tuple(grant for grant in case.grants if grant.agency == granted.agency)
    after = end_grants(work, case, ended, "ERASED")
    work.put(after, "ERASURE_WEIGHED", subject_ref=granted.subject_ref, agency=granted.agency)
    weighed = ErasureWeighed(
        occurred_at=event.occurred_at,
        case_ref=case.id,
        subject_ref=granted.subject_ref,
        request_ref=granted.request_ref,
        needed=after.needs_identity(granted.agency),
    )
    work.emit(weighed, key=case.id)
