"""What the agencies report about their own files. Each fact stands alone; a refused one waits in quarantine.

All facts are handled alike: the workflow files say what each of them means.
"""

from collections.abc import Iterable

from services.cases.domain.agency_file import AgencyFile, FileFact, digest_of, new_file
from services.cases.domain.case import Case
from services.cases.domain.task import Task
from services.cases.domain.workflow import Workflow
from services.cases.effects import send_pointer
from services.cases.workflows import workflow_for
from shared.events.case_v1 import FileProgressed
from shared.events.envelope import Event
from shared.events.partner_v1 import PartnerFact
from shared.events.registry import models_of
from shared.kernel.acting import check_time
from shared.kernel.aggregate import Need
from shared.kernel.errors import Kind, Reject
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

handlers = Rulebook()

ENVELOPE_FIELDS = {"foreign_no", "case_no", "corrects", "occurred_at"}


def _needs(event: Event[PartnerFact]) -> Iterable[Need]:
    agency = workflow_for(event.data.type).agency or ""
    yield AgencyFile.by(agency_code=agency, foreign_no=event.data.foreign_no)
    if event.data.case_no is not None:
        yield Case.by(case_no=event.data.case_no)


def record_fact(event: Event[PartnerFact], work: Work) -> None:
    """Write the fact into the agency's file; raises Reject where the reference is not the agency's to use.

    A number that we have not seen begins a file, if the fact names a case whose number the agency holds.
    """
    check_time(event.occurred_at, work)
    flow = workflow_for(event.data.type)
    before = work.find_by(AgencyFile, agency_code=flow.agency or "", foreign_no=event.data.foreign_no)
    if before is None:
        before = _begun(event, flow, work)
    elif before.sealed or event.data.case_no not in {None, before.case_no}:
        raise _unknown()
    after = before.told(flow, _fact(event, flow, work))
    told = after.fact(event.id)
    work.put(after, "FACT_TOLD", type=event.data.type, stage=after.stage, duplicate=bool(told and told.duplicate_of))
    send_pointer(work, after.case_no, after.agency, "FILE_CHANGED", after.foreign_no)
    if after.stage != before.stage:
        work.emit(_progressed(event, after), key=after.case_ref)
    if told is not None and told.duplicate_of:
        work.put(_doubt(work, after, event.id), "TASK_OPENED", kind="CHECK_DUPLICATE")


for _fact_type in models_of(["partner_v1"]).values():
    handlers.on(_fact_type, needs=_needs)(record_fact)


def _begun(event: Event[PartnerFact], flow: Workflow, work: Work) -> AgencyFile:
    case = work.find_by(Case, case_no=event.data.case_no) if event.data.case_no else None
    office = case.office_of(flow.agency or "") if case else None
    if case is None or office is None or case.sealed_from(office):
        raise _unknown()
    file = new_file(work.new_id(), case, office, event.data.foreign_no, flow)
    work.put(case.with_file(file.id), "FILE_LINKED", agency=office, file_ref=file.id)
    return file


def _unknown() -> Reject:
    """The same answer for what does not exist, what is another's, what was never granted and what is sealed."""
    return Reject("UNKNOWN_REFERENCE", Kind.UNKNOWN)


def _fact(event: Event[PartnerFact], flow: Workflow, work: Work) -> FileFact:
    body = event.data.model_dump(mode="json")
    state = flow.target(event.data.type, body)
    if state is None:
        raise Reject("ILLEGAL_MOVE", Kind.ILLEGAL_MOVE)
    return FileFact(
        event_id=event.id,
        type=event.data.type,
        state=state,
        occurred_at=event.occurred_at,
        recorded_at=work.now,
        detail={name: value for name, value in body.items() if name not in ENVELOPE_FIELDS and value is not None},
        digest=digest_of(event.data.type, {k: v for k, v in body.items() if k not in {"case_no", "corrects"}}),
        corrects=event.data.corrects,
    )


def _progressed(event: Event[PartnerFact], file: AgencyFile) -> FileProgressed:
    return FileProgressed(
        occurred_at=event.occurred_at,
        case_ref=file.case_ref,
        case_no=file.case_no,
        file_ref=file.id,
        agency=file.agency,
        lead=file.lead,
        stage=file.stage or "",
    )


def _doubt(work: Work, file: AgencyFile, event_id: str) -> Task:
    """The agency's own people know whether it happened twice."""
    return Task(
        id=work.new_id(),
        kind="CHECK_DUPLICATE",
        case_ref=file.case_ref,
        agency=file.agency,
        assignee=None,
        about=event_id,
        reason="POSSIBLE_DUPLICATE_FACT",
    )
