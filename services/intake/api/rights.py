"""Requests of people about their own data, and what an office does with them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.intake import sealing
from services.intake.api import fields
from services.intake.commands.rights import Corrected, MoveRequest, RecordRequest
from services.intake.domain.rights import RequestMove, Right, RightsRequest, Telling
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Vault
from services.intake.parts import Parts
from services.intake.schedule import refusals, remains
from shared.http.masking import View
from shared.http.routes import Call, Routes, Target
from shared.security.policy.classes import DataClass
from shared.security.vaulted import INWARDS, Vaulted

routes = Routes()

ON = Target("request", RightsRequest)


class RequestBody(fields.Body):
    """What the person asks the office for. A correction says what is right; what it leaves out stays as it is."""

    data_class = DataClass.C1

    right: Right
    occurred_at: fields.Moment
    identity: fields.IdentityBody | None = None


class RequestMoveData(fields.Body):
    """A refusal names its reason in law; telling says whether the person could be told safely."""

    data_class = DataClass.C1

    refusal: fields.Listed | None = Field(default=None, examples=["ENDANGERS_SUBJECT"])
    telling: Telling | None = None


class RequestMoveBody(fields.Body):
    """A step of a request."""

    data_class = DataClass.C1

    move: RequestMove
    occurred_at: fields.Moment
    data: RequestMoveData = RequestMoveData()


class RequestView(View):
    """A request by reference (class C1): what, until when, and what came of it. `remains` are the reasons why the
    identity outlives a granted erasure, which an officer tells the person."""

    data_class = DataClass.C1

    ref: Annotated[fields.Ref, DataClass.C0]
    subject_ref: fields.Ref
    right: str = Field(examples=["ERASURE"])
    agency: fields.Office
    received_at: datetime
    due_at: datetime
    late: bool
    state: str = Field(examples=["RECEIVED"])
    decided_at: datetime | None
    refusal: str | None = Field(examples=[None])
    remains: tuple[str, ...] | None = Field(examples=[None])
    telling: str | None = Field(examples=[None])
    lifted_at: datetime | None
    legal_moves: tuple[str, ...] = Field(examples=[["GRANT"]])
    labels: dict[str, str] = Field(examples=[{}])


def request_view(request: RightsRequest, call: Call) -> RequestView:
    """The request."""
    shown = request.model_dump(include=set(RequestView.model_fields))
    labels = {code: remains()[code].label.of(call.lang) for code in request.remains or ()}
    if request.refusal:
        labels[request.refusal] = refusals()[request.refusal].label.of(call.lang)
    return RequestView(**shown, ref=request.id, legal_moves=request.legal_moves(), labels=labels)


@routes.command(
    "POST",
    "/v1/subjects/{subject}/requests",
    permission="request.record",
    audit="REQUEST_RECORDED",
    on=Target("subject", Subject),
    body=RequestBody,
    answer=request_view,
    location="/v1/requests/{id}",
)
async def record_request(call: Call, body: RequestBody) -> RecordRequest:
    """Take down what a person asks about their data: to erase it, to set it right, to leave it alone."""
    call.target.refuse_erased()
    sealed = await proposal(call.parts, call.target.id, body.identity) if body.identity else None
    return RecordRequest(subject=call.target.id, right=body.right, occurred_at=body.occurred_at, sealed=sealed)


async def proposal(parts: Parts, owner: str, identity: fields.IdentityBody) -> bytes:
    """What a correction wants, sealed; fields that were not sent are not in it."""
    said = identity.model_dump(mode="json", exclude_unset=True, context=INWARDS)
    return await sealing.seal_document(parts, owner, Vaulted(said))


routes.read("/v1/requests/{request}", permission="request.read", audit="REQUEST_READ", on=ON, answer=request_view)
routes.list(
    "/v1/requests",
    permission="request.list",
    audit="REQUESTS_LISTED",
    kind=RightsRequest,
    answer=request_view,
    filters=("state", "right", "late", "subject_ref"),
)


@routes.command(
    "POST",
    "/v1/requests/{request}/moves",
    permission="request.decide",
    audit="REQUEST_MOVED",
    on=ON,
    body=RequestMoveBody,
    answer=request_view,
    if_match=True,
)
async def move_request(call: Call, body: RequestMoveBody) -> MoveRequest:
    """Grant or refuse a request, note that the person was told, or lift a restriction."""
    request: RightsRequest = call.target
    corrects = request.right is Right.CORRECTION and body.move is RequestMove.GRANT
    return MoveRequest(
        request=request.id,
        subject=request.subject_ref,
        move=body.move,
        occurred_at=body.occurred_at,
        refusal=body.data.refusal,
        telling=body.data.telling,
        corrected=await corrected(call.parts, request) if corrects else None,
    )


async def corrected(parts: Parts, request: RightsRequest) -> Corrected | None:
    """The person's identity with the correction in it."""
    vault: Vault | None = await parts.reader.find_one(Vault, {"_id": request.subject_ref})
    if request.sealed is None or (vault is not None and vault.erased_at is not None):
        return None
    wanted = await sealing.open_document(parts, request.subject_ref, request.sealed)
    before = await sealing.open_document(parts, request.subject_ref, vault.sealed.c3 if vault else None)
    merged = sealing.with_number_read(Vaulted(before.reveal() | wanted.reveal()), request.received_at)
    sealed = await sealing.reseal(parts, request.subject_ref, merged, c4=vault.sealed.c4 if vault else None)
    return Corrected(vault_version=vault.version if vault else 0, sealed=sealed)
