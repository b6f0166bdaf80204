"""What intake does when something happened elsewhere."""

from services.intake.commands.erasures import erasing
from services.intake.commands.rights import settle_erasure
from services.intake.domain.rights import RightsRequest
from services.intake.domain.subject import Subject
from shared.events.case_v1 import CaseDrafted, CaseOpened, ErasureWeighed, ManagerChanged
from shared.events.envelope import Event
from shared.kernel.errors import Kind, Reject
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

handlers = Rulebook()


@handlers.on(CaseDrafted, needs=lambda e: [Subject.ref(e.data.subject_ref)])
def link_case(event: Event[CaseDrafted], work: Work) -> None:
    """Remember which case a handed-over person is in; raises Reject where it is in another."""
    subject = work.get(Subject, event.data.subject_ref)
    if subject.case_ref not in (None, event.data.case_ref):
        raise Reject("IN_ANOTHER_CASE", Kind.CONFLICT)
    work.put(subject.evolve(case_ref=event.data.case_ref), "CASE_DRAFTED", case_ref=event.data.case_ref)


@handlers.on(CaseOpened, needs=lambda e: [Subject.by(case_ref=e.data.case_ref)])
def name_manager(event: Event[CaseOpened], work: Work) -> None:
    """Remember who manages the case: that person may read whom it is about."""
    _managed_by(event.data.case_ref, event.data.manager, "CASE_OPENED", work)


@handlers.on(ManagerChanged, needs=lambda e: [Subject.by(case_ref=e.data.case_ref)])
def change_manager(event: Event[ManagerChanged], work: Work) -> None:
    """Another one manages it: the former manager may read no longer."""
    _managed_by(event.data.case_ref, event.data.manager, "MANAGER_CHANGED", work)


def _managed_by(case_ref: str, manager: str, fact: str, work: Work) -> None:
    subject = work.find_by(Subject, case_ref=case_ref)
    if subject is None:
        raise Reject("UNKNOWN_SUBJECT", Kind.UNKNOWN)
    work.put(subject.evolve(manager=manager), fact, manager=manager)


@handlers.on(ErasureWeighed, needs=lambda e: [RightsRequest.ref(e.data.request_ref), *erasing(e.data.subject_ref)])
def end_or_keep(event: Event[ErasureWeighed], work: Work) -> None:
    """Case work said what it needs of somebody whose erasure was granted: say so to whoever decided, or end it."""
    request = work.get(RightsRequest, event.data.request_ref)
    subject = work.get(Subject, event.data.subject_ref).evolve(kept_for=event.data.needed)
    work.put(subject, "ERASURE_WEIGHED", needed=event.data.needed)
    settle_erasure(request, subject, work)
