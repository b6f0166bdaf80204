"""Legal holds over people's data."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.intake.api import fields
from services.intake.commands.holds import MoveHold, PlaceHold
from services.intake.domain.hold import LegalHold
from services.intake.domain.interdiction import Interdiction
from services.intake.domain.subject import Subject
from services.intake.schedule import holds
from shared.http.masking import View
from shared.http.routes import Call, Routes, Target
from shared.security.policy.classes import DataClass

routes = Routes()

ON = Target("hold", LegalHold)


class HoldBody(fields.Body):
    """On what the hold rests."""

    data_class = DataClass.C1

    basis: fields.Listed = Field(examples=["POLICE_REPORT"])


class HoldMoveBody(fields.Body):
    """LIFT ends a hold, REVIEWED says that it was looked at and is still needed."""

    data_class = DataClass.C1

    lift: bool = Field(examples=[True])


class HoldView(View):
    """A hold by reference (class C1). `review_due`: somebody has to look whether it is still needed."""

    data_class = DataClass.C1

    ref: Annotated[fields.Ref, DataClass.C0]
    subjects: tuple[fields.Ref, ...]
    basis: str = Field(examples=["POLICE_REPORT"])
    agency: fields.Office
    placed_at: datetime
    review_at: datetime
    review_due: bool
    lifted_at: datetime | None
    labels: fields.Labels


def hold_view(hold: LegalHold, call: Call) -> HoldView:
    """The hold, without people whom this reader is kept out of."""
    shown = hold.model_dump(include=set(HoldView.model_fields) - {"subjects"})
    subjects = tuple(ref for ref in hold.subjects if ref not in call.actor.excluded)
    return HoldView(**shown, ref=hold.id, subjects=subjects, labels={"basis": holds()[hold.basis].label.of(call.lang)})


@routes.command(
    "POST",
    "/v1/subjects/{subject}/holds",
    permission="hold.place",
    audit="HOLD_PLACED",
    on=Target("subject", Subject),
    body=HoldBody,
    answer=hold_view,
    location="/v1/holds/{id}",
)
async def hold_person(call: Call, body: HoldBody) -> PlaceHold:
    """Keep one person's data for legal proceedings."""
    return PlaceHold(subjects=(call.target.id,), basis=body.basis)


@routes.command(
    "POST",
    "/v1/interdictions/{interdiction}/holds",
    permission="hold.place",
    audit="HOLD_PLACED_ON_STOP",
    on=Target("interdiction", Interdiction),
    body=HoldBody,
    answer=hold_view,
    location="/v1/holds/{id}",
)
async def hold_stop(call: Call, body: HoldBody) -> PlaceHold:
    """Keep the data of everybody of a stop to which a police report is linked."""
    return PlaceHold(subjects=tuple(row.subject_ref for row in call.target.people), basis=body.basis)


routes.read("/v1/holds/{hold}", permission="hold.read", audit="HOLD_READ", on=ON, answer=hold_view)
routes.list(
    "/v1/holds",
    permission="hold.list",
    audit="HOLDS_LISTED",
    kind=LegalHold,
    answer=hold_view,
    filters=("review_due", "basis"),
)


@routes.command(
    "POST",
    "/v1/holds/{hold}/moves",
    permission="hold.move",
    audit="HOLD_MOVED",
    on=ON,
    body=HoldMoveBody,
    answer=hold_view,
    if_match=True,
)
async def move_hold(call: Call, body: HoldMoveBody) -> MoveHold:
    """Lift a hold, or say that it was looked at and is still needed."""
    return MoveHold(hold=call.target.id, subjects=call.target.subjects, lift=body.lift)
