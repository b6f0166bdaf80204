"""Stops before a departure."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.intake import sealing, views
from services.intake.api import fields
from services.intake.api.people import taken
from services.intake.commands.interdictions import Journey, RecordInterdiction, Stopped
from services.intake.domain.interdiction import (
    Interdiction,
    counted_by,
    legal_moves,
    origins_of,
    rows_for,
)
from services.intake.domain.recruiter import RecruiterContact, RecruiterKind
from services.intake.parts import Parts
from shared.http.masking import Part, View
from shared.http.routes import Call, Routes, Target
from shared.kernel.ids import derived_id, new_id
from shared.reference.codes import INTERDICTION_STATES, LEGAL_BASES
from shared.reference.places import CHECKPOINTS, destination_label
from shared.reference.regions import kabupaten_of
from shared.security.policy.classes import DataClass
from shared.security.vaulted import INWARDS, Vaulted

routes = Routes()


class StoppedBody(fields.PersonBody):
    """One person of the stop. `indicators` are what the officer noticed: a reason to screen, and no finding."""

    indicators: Annotated[tuple[fields.Indicator, ...], DataClass.C4] = Field(default=(), max_length=60)
    documents: tuple[fields.DocumentCode, ...] = Field(default=(), max_length=20)
    pretext: fields.Pretext | None = None
    wants_training: bool | None = None


class RecruiterBody(fields.Body):
    """A recruiter or ticket payer. Goes to the suspects' database, which only the police read."""

    data_class = DataClass.C3

    kind: RecruiterKind = RecruiterKind.UNKNOWN
    tie: fields.Tie = "UNKNOWN"
    name: fields.Name | None = Field(default=None, examples=["V-098"])
    aliases: tuple[fields.Name, ...] = Field(default=(), max_length=20, examples=[["V-098"]])
    phone: fields.Phone | None = None
    note: fields.Prose | None = None


class InterdictionBody(fields.Body):
    """A stop at a checkpoint, or on the road: then `village` says where, and there is no checkpoint."""

    data_class = DataClass.C1

    ref: Annotated[fields.UuidRef | None, DataClass.C0] = None
    occurred_at: fields.Moment = Field(examples=["2026-05-14T04:40:00+08:00"])
    checkpoint: fields.CheckpointCode | None = Field(default=None, examples=["KOE"])
    village: Annotated[fields.Village | None, DataClass.C3] = None
    carrier: fields.Code | None = None
    transport_no: fields.Code | None = None
    destination: fields.Destination = Field(
        examples=["61.71"], description="A country (ISO 3166-1) or a region's code."
    )
    transit: tuple[fields.Code, ...] = Field(default=(), max_length=10, examples=[["SUB", "PNK"]])
    members: tuple[fields.MemberCode, ...] = Field(default=(), max_length=20, examples=[["NAKER", "TNI_AU"]])
    legal_basis: fields.Basis = Field(examples=["PERMENAKER_18_2024"])
    company_claimed: Annotated[fields.Name | None, DataClass.C3] = Field(default=None, examples=["V-099"])
    people: list[StoppedBody] = Field(min_length=1, max_length=200)
    recruiters: tuple[RecruiterBody, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _one_place(self) -> "InterdictionBody":
        if (self.checkpoint is None) == (self.village is None):
            raise PydanticCustomError("CHECKPOINT_OR_VILLAGE", "exactly one of them")
        return self


class RowView(Part):
    """What the posko saw of one person, by reference."""

    data_class = DataClass.C2

    subject_ref: fields.Ref
    sex: str = Field(examples=["F"])
    age_band: fields.AgeBand
    kabupaten: fields.Region | None
    documents: tuple[str, ...] = Field(examples=[["COMPETENCE"]])
    pretext: str | None = Field(examples=["WEDDING"])
    wants_training: bool | None


class InterdictionView(View):
    """A stop as this reader may see it: its posko each person's row, the province counts, a home region its own."""

    data_class = DataClass.C1

    ref: Annotated[fields.Ref, DataClass.C0]
    agency: fields.Office
    occurred_at: datetime
    recorded_at: datetime
    checkpoint: str | None = Field(examples=["KOE"])
    kabupaten: str = Field(examples=["53.71"])
    carrier: str | None = Field(examples=["KM-BUKIT.7"])
    transport_no: str | None = Field(examples=["KM-BUKIT.7"])
    destination: str = Field(examples=["61.71"])
    transit: tuple[str, ...] = Field(examples=[["SUB", "PNK"]])
    members: tuple[str, ...] = Field(examples=[["NAKER", "TNI_AU"]])
    legal_basis: str = Field(examples=["PERMENAKER_18_2024"])
    claims_company: bool
    state: str = Field(examples=["DEPARTURE_POSTPONED"])
    legal_moves: tuple[str, ...] = Field(examples=[["GUIDANCE"]])
    people_count: int
    origins: dict[str, int] = Field(examples=[{"53.02": 1}])
    people: tuple[RowView, ...]
    recruiters: int
    labels: fields.Labels


class InterdictionItem(View):
    """One line of the list of stops."""

    data_class = DataClass.C1

    ref: Annotated[fields.Ref, DataClass.C0]
    agency: fields.Office
    occurred_at: datetime
    checkpoint: str | None = Field(examples=["KOE"])
    kabupaten: str = Field(examples=["53.71"])
    destination: str = Field(examples=["61.71"])
    state: str = Field(examples=["DEPARTURE_POSTPONED"])
    people_count: int
    recruiters: int


class DetailsView(View):
    """What of a stop is sealed: the village of one on the road, and the company that somebody claimed."""

    data_class = DataClass.C3

    ref: Annotated[fields.Ref, DataClass.C0]
    village: str | None = Field(None, examples=[None])
    company_claimed: str | None = Field(None, examples=["V-099"])


def interdiction_view(stop: Interdiction, call: Call) -> InterdictionView:
    """The stop with the rows and counts that this reader and their office may see."""
    office, stop = call.actor.agency, stop.without(call.actor.excluded)
    shown = stop.model_dump(include=set(InterdictionView.model_fields) - {"people"})
    return InterdictionView(
        **shown,
        ref=stop.id,
        legal_moves=legal_moves(stop.state),
        people_count=count_for(stop, call),
        origins=origins_of(counted_by(stop, office)),
        people=tuple(RowView.model_validate(row.model_dump()) for row in rows_for(stop, office)),
        labels=labels_of(stop, call.lang),
    )


def interdiction_item(stop: Interdiction, call: Call) -> InterdictionItem:
    """The stop in one line."""
    shown = stop.model_dump(include=set(InterdictionItem.model_fields))
    return InterdictionItem(**shown, ref=stop.id, people_count=count_for(stop.without(call.actor.excluded), call))


def count_for(stop: Interdiction, call: Call) -> int:
    """How many people: a home region counts its own, everybody else who was told the whole group."""
    home = call.actor.agency.startswith("GT_KAB-") and call.actor.agency != stop.agency
    return len(counted_by(stop, call.actor.agency)) if home else len(stop.people)


def labels_of(stop: Interdiction, lang: str) -> dict[str, str]:
    """The codes' words."""
    labels = {
        "state": INTERDICTION_STATES[stop.state].label(lang),
        "legal_basis": LEGAL_BASES[stop.legal_basis].label(lang),
        "destination": destination_label(stop.destination, lang),
    }
    return labels | ({"checkpoint": CHECKPOINTS[stop.checkpoint].label(lang)} if stop.checkpoint else {})


@routes.command(
    "POST",
    "/v1/interdictions",
    permission="interdiction.record",
    audit="INTERDICTION_RECORDED",
    body=InterdictionBody,
    answer=interdiction_view,
    location="/v1/interdictions/{id}",
)
async def record_interdiction(call: Call, body: InterdictionBody) -> RecordInterdiction:
    """Record people who were stopped before a departure.

    One request holds everybody. Identity is sealed before it is stored; recruiters are split off to the suspects'
    database, and only how many there were stays here.
    """
    parts: Parts = call.parts
    ref = body.ref or new_id()
    said = {"village": body.village, "company_claimed": body.company_claimed}
    details = sealing.Typed(identity=Vaulted(said))
    sealed = await sealing.seal(parts, ref, details)
    return RecordInterdiction(
        ref=ref,
        occurred_at=body.occurred_at,
        journey=journey_of(body),
        members=body.members,
        legal_basis=body.legal_basis,
        claims_company=body.company_claimed is not None,
        people=tuple(await asyncio.gather(*(stopped(parts, person, body) for person in body.people))),
        recruiters=tuple([await recruiter(parts, ref, *numbered) for numbered in enumerate(body.recruiters)]),
        sealed=sealed if sealed.c3 else None,
    )


def journey_of(body: InterdictionBody) -> Journey:
    """Where they were stopped and where they were going; of a village on the road only the kabupaten."""
    place = CHECKPOINTS[body.checkpoint].kabupaten if body.checkpoint else kabupaten_of(body.village or "")
    return Journey(kabupaten=place, **body.model_dump(include=set(Journey.model_fields) - {"kabupaten"}))


async def stopped(parts: Parts, body: StoppedBody, stop: InterdictionBody) -> Stopped:
    """One person of the stop."""
    person = await taken(parts, body, stop.occurred_at, noticed=body.indicators)
    row = body.model_dump(include={"documents", "pretext", "wants_training"})
    return Stopped(**person.model_dump(), **row)


async def recruiter(parts: Parts, stop: str, number: int, body: RecruiterBody) -> RecruiterContact:
    """One recruiter, sealed under a key of their own: the same one when the same stop is sent again."""
    ref = derived_id(stop, "recruiter", str(number))
    document: dict[str, Any] = body.model_dump(
        include={"name", "aliases", "phone", "note"}, exclude_none=True, context=INWARDS
    )
    return RecruiterContact(
        ref=ref,
        kind=body.kind,
        tie=body.tie,
        sealed=await parts.suspects.encrypt_document(ref, document),
        phone_index=parts.index.of("phone", body.phone) if body.phone else None,
        index_version=parts.index.version if body.phone else None,
    )


routes.read(
    "/v1/interdictions/{interdiction}",
    permission="interdiction.read",
    audit="INTERDICTION_READ",
    on=Target("interdiction", Interdiction),
    answer=interdiction_view,
)
routes.list(
    "/v1/interdictions",
    permission="interdiction.list",
    audit="INTERDICTIONS_LISTED",
    kind=Interdiction,
    answer=interdiction_item,
    filters=("checkpoint", "state", "kabupaten", "destination"),
)


@routes.query(
    "GET",
    "/v1/interdictions/{interdiction}/details",
    permission="interdiction.details",
    audit="INTERDICTION_DETAILS_READ",
    on=Target("interdiction", Interdiction),
)
async def read_details(call: Call) -> DetailsView:
    """What of a stop is sealed, for the posko that recorded it."""
    opened = await views.identity_of(call.parts, call.target.id)
    return DetailsView(ref=call.target.id, **opened.reveal())
