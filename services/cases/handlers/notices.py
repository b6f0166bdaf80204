"""What notify reports."""

from services.cases.domain.case import Case
from services.cases.domain.task import Task
from shared.events.envelope import Event
from shared.events.notice_v1 import NoticeUndeliverable
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

handlers = Rulebook()


@handlers.on(NoticeUndeliverable, needs=lambda e: [Case.ref(e.data.case_ref)] if e.data.case_ref else [])
def open_call_task(event: Event[NoticeUndeliverable], work: Work) -> None:
    """A notice that did not arrive becomes a call: for the case's manager, else for the lead, else for the office."""
    missed = event.data
    case = work.find(Case, missed.case_ref) if missed.case_ref else None
    task = Task(
        id=work.new_id(),
        kind="CALL",
        case_ref=missed.case_ref,
        agency=(case.lead or case.proposed_lead) if case else missed.agency,
        assignee=case.manager if case else None,
        about=missed.notice_ref,
        reason=missed.reason,
    )
    work.put(task, "TASK_OPENED", kind="CALL", notice_ref=missed.notice_ref)
    if case is not None:
        work.put(case.with_task(task.id), "TASK_OPENED", kind="CALL", task_ref=task.id)
