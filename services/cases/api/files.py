"""The agencies' files of a case."""

from typing import Annotated, Any

from pydantic import Field

from services.cases.api.fields import At, CaseNumber, Coded, Ref, office_of, state_of
from services.cases.domain.agency_file import AgencyFile, FileFact
from services.cases.domain.case import Case
from services.cases.domain.workflow import Workflow
from services.cases.views import of_case
from services.cases.workflows import workflows
from shared.http.masking import Part, View
from shared.http.routes import Call, Routes, Target
from shared.security.policy.classes import DataClass

routes = Routes()


class FactView(Part):
    """One fact. What it said in detail is the agency's own, masked for everybody else."""

    data_class = DataClass.C1

    event_id: Annotated[str, DataClass.C4] = Field(examples=["BP3-777"])
    type: str = Field(examples=["id.pulang.bp2mi.return.arrived.v1"])
    state: Coded
    occurred_at: At
    recorded_at: At
    moved: bool = Field(description="Whether it moved the file on; an older fact only fills its history.")
    possible_duplicate: bool
    corrected: bool
    detail: Annotated[dict[str, Any], DataClass.C4] = Field(examples=[{"kabupaten": "53.02"}])


class FileView(View):
    """An agency's file: its stage for the leading office, everything for the agency itself."""

    data_class = DataClass.C1

    id: Annotated[Ref, DataClass.C0]
    case: Ref
    case_no: CaseNumber
    agency: Coded
    foreign_no: str = Field(examples=["KP-040/2026"])
    workflow: Coded | None
    stage: Coded | None = Field(description="Null before the first fact.")
    facts: tuple[FactView, ...] = Field(description="In the order in which they happened.")


def file_view(file: AgencyFile, call: Call) -> FileView:
    """The file in the reader's language."""
    flow = workflows()[file.workflow] if file.workflow else None
    return FileView(
        id=file.id,
        case=file.case_ref,
        case_no=file.case_no,
        agency=office_of(file.agency, call.lang),
        foreign_no=file.foreign_no,
        workflow=Coded(code=flow.workflow, label=flow.label.of(call.lang)) if flow else None,
        stage=state_of(flow, file.stage, call.lang) if flow and file.stage else None,
        facts=tuple(_fact(fact, flow, call.lang) for fact in file.facts) if flow else (),
    )


def _fact(fact: FileFact, flow: Workflow, lang: str) -> FactView:
    return FactView(
        event_id=fact.event_id,
        type=fact.type,
        state=state_of(flow, fact.state, lang),
        occurred_at=fact.occurred_at,
        recorded_at=fact.recorded_at,
        moved=fact.moved,
        possible_duplicate=fact.duplicate_of is not None,
        corrected=fact.corrected_by is not None,
        detail=fact.detail,
    )


routes.list(
    "/v1/cases/{case}/files",
    permission="file.list",
    audit="FILES_LISTED",
    on=Target("case", Case),
    kind=AgencyFile,
    where=of_case,
    answer=file_view,
)

routes.read(
    "/v1/files/{file}", permission="file.read", audit="FILE_READ", on=Target("file", AgencyFile), answer=file_view
)
