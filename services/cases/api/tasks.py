"""Tasks: what a person has to do because the platform must not or cannot."""

from typing import Annotated

from pydantic import Field

from services.cases.api.fields import At, Coded, Ref
from services.cases.catalogue import task_label
from services.cases.domain.task import Task
from shared.http.masking import View
from shared.http.routes import Call, Routes
from shared.security.policy.classes import DataClass

routes = Routes()


class TaskView(View):
    """One task."""

    data_class = DataClass.C1

    id: Annotated[Ref, DataClass.C0]
    kind: Coded
    state: str = Field(examples=["OPEN"])
    case: Ref | None
    agency: str = Field(examples=["BP3MI-53"])
    assignee: str | None = Field(examples=["O-20"])
    about: str = Field(description="The id of what gave rise to it.", examples=["BP3-790"])
    reason: str = Field(examples=["POSSIBLE_DUPLICATE_FACT"])
    created_at: At | None


def task_view(task: Task, call: Call) -> TaskView:
    """A task in the reader's language."""
    return TaskView(
        id=task.id,
        kind=Coded(code=task.kind, label=task_label(task.kind, call.lang)),
        state=task.state,
        case=task.case_ref,
        agency=task.agency,
        assignee=task.assignee,
        about=task.about,
        reason=task.reason,
        created_at=task.created_at,
    )


routes.list(
    "/v1/tasks",
    permission="task.list",
    audit="TASKS_LISTED",
    kind=Task,
    answer=task_view,
    filters=("kind", "state", "case_ref"),
)
