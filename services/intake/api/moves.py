"""Steps of a person's and of a stop's way."""

from typing import Literal

from services.intake.api import fields
from services.intake.api.interdictions import interdiction_view
from services.intake.api.subjects import subject_view
from services.intake.commands.moves import MoveInterdiction, MoveSubject
from services.intake.domain.interdiction import Interdiction, InterdictionState
from services.intake.domain.states import Move
from services.intake.domain.subject import Subject
from shared.http.routes import Call, Routes, Target
from shared.security.policy.classes import DataClass

routes = Routes()


class SubjectMoveData(fields.Body):
    """What a step says: of guidance, whether the list of legal companies was given and what came of the offer of
    training; of a return home, which office receives the person."""

    data_class = DataClass.C2

    list_given: bool | None = None
    training: Literal["ACCEPTED", "REFUSED", "NOT_OFFERED"] | None = None
    receiver: fields.OfficeRef | None = None


class SubjectMoveBody(fields.Body):
    """A step of a person's way."""

    data_class = DataClass.C2

    move: Move
    occurred_at: fields.Moment
    data: SubjectMoveData = SubjectMoveData()


class InterdictionMoveBody(fields.Body):
    """A step of a stop's way; `move` is the state that it leads to."""

    data_class = DataClass.C1

    move: InterdictionState
    occurred_at: fields.Moment


@routes.command(
    "POST",
    "/v1/subjects/{subject}/moves",
    permission="subject.move",
    audit="SUBJECT_MOVED",
    on=Target("subject", Subject),
    body=SubjectMoveBody,
    answer=subject_view,
    if_match=True,
)
async def move_subject(call: Call, body: SubjectMoveBody) -> MoveSubject:
    """Guide a person, hand them over to a case, return them home; or record that they decline, or come back."""
    data = body.data.model_dump(exclude_none=True)
    return MoveSubject(subject=call.target.id, move=body.move, occurred_at=body.occurred_at, data=data)


@routes.command(
    "POST",
    "/v1/interdictions/{interdiction}/moves",
    permission="interdiction.move",
    audit="INTERDICTION_MOVED",
    on=Target("interdiction", Interdiction),
    body=InterdictionMoveBody,
    answer=interdiction_view,
    if_match=True,
)
async def move_interdiction(call: Call, body: InterdictionMoveBody) -> MoveInterdiction:
    """Move a stop on, up to letting everybody go, which needs no reason."""
    return MoveInterdiction(interdiction=call.target.id, target=body.move, occurred_at=body.occurred_at)
