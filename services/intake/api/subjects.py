"""People in intake."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from services.intake import views
from services.intake.api import fields
from services.intake.api.people import taken
from services.intake.commands.subjects import RegisterSubject
from services.intake.domain.consent import Consent, in_force
from services.intake.domain.states import legal_moves
from services.intake.domain.subject import Subject
from shared.http.masking import Part, View
from shared.http.pages import MAX_LIMIT, page_of, timeline_cursor, timeline_query
from shared.http.routes import Call, Routes, Target
from shared.kernel.ids import new_id
from shared.reference.codes import INTAKE_SOURCES, RISK_LEVELS, SUBJECT_STATES
from shared.security.policy.classes import DataClass

routes = Routes()


class SubjectBody(fields.PersonBody):
    """One person who came by another way than a stop. `host` is the kabupaten where they are now."""

    data_class = DataClass.C2

    report_ref: fields.UuidRef | None = None
    occurred_at: fields.Moment = Field(examples=["2026-06-02T09:30:00+08:00"])
    source: fields.Source = Field(examples=["BP3MI_DEBARKASI"])
    host: fields.HostKabupaten = Field(examples=["53.71"])
    abroad: bool = Field(default=False, description="Whether the person comes home from abroad.")


class AnswerView(Part):
    """The last answer to one purpose."""

    purpose: str = Field(examples=["SHARE_LPSK"])
    given: bool
    given_by: str = Field(examples=["SELF"])
    language: str = Field(examples=["dawan"])
    occurred_at: datetime


class SubjectView(View):
    """A person without their identity (class C2)."""

    data_class = DataClass.C2

    ref: Annotated[fields.Ref, DataClass.C0]
    report_ref: fields.Ref
    source: str = Field(examples=["INTERDICTION"])
    agency: fields.Office
    host: str = Field(examples=["53.71"])
    kabupaten: fields.Region | None
    sex: str = Field(examples=["F"])
    age_band: fields.AgeBand
    age_basis: str | None = Field(examples=["KTP"])
    age_doubt: bool
    as_child: bool
    abroad: bool
    state: str = Field(examples=["PRESUMED_VICTIM"])
    legal_moves: tuple[str, ...] = Field(examples=[["HANDED_TO_CASE"]])
    finding: fields.Finding | None
    risk: fields.Risk | None
    rounds: int
    consents: tuple[AnswerView, ...]
    case_ref: Annotated[fields.Ref | None, DataClass.C1] = Field(description="Shown to those who work on cases only.")
    registered_at: datetime | None
    restricted: bool = Field(description="Nothing may be done with the person's data but keep them.")
    erased_at: datetime | None = Field(description="Since when nobody can know who this was.")
    labels: fields.Labels


class SubjectItem(View):
    """One line of a list of people."""

    data_class = DataClass.C2

    ref: Annotated[fields.Ref, DataClass.C0]
    report_ref: fields.Ref
    sex: str = Field(examples=["F"])
    age_band: fields.AgeBand
    as_child: bool
    state: str = Field(examples=["PRESUMED_VICTIM"])
    risk: fields.Risk | None


class IdentityView(View):
    """Who the person is (class C3), as far as anybody knows."""

    data_class = DataClass.C3

    ref: Annotated[fields.Ref, DataClass.C0]
    full_name: str | None = Field(None, examples=["V-020"])
    aliases: tuple[str, ...] = Field((), examples=[["V-020"]])
    nik: str | None = Field(None, examples=["5371997101990001"])
    nik_status: str | None = Field(None, examples=["PARSED_OK"])
    passport_no: str | None = Field(None, examples=["X0000000"])
    birth_date: str | None = Field(None, examples=["1999-01-31"])
    mother_name: str | None = Field(None, examples=["V-021"])
    phones: tuple[str, ...] = Field((), examples=[["+62 000 0000 0000"]])
    village: str | None = Field(None, examples=[None])


class LineView(Part):
    """One thing that happened. `actor` and `agency` are references."""

    version: int
    code: str = Field(examples=["SUBJECT_SCREENED"])
    detail: dict[str, Any] = Field(examples=[{"round": 1}])
    occurred_at: datetime
    recorded_at: datetime
    actor: fields.Staff | None
    agency: fields.Office | None


class TimelineView(View):
    """What happened to a person, in the order in which it happened in the world."""

    data_class = DataClass.C2

    items: tuple[LineView, ...]
    next: str | None = Field(description="`?after=` of the next page.", examples=[None])


def subject_view(subject: Subject, call: Call) -> SubjectView:
    """The person's profile."""
    shown = subject.model_dump(include=set(SubjectView.model_fields) - {"consents", "case_ref"})
    age = {f"age_{name}": value for name, value in subject.age.model_dump(exclude={"as_child"}).items()}
    return SubjectView(
        **shown,
        **age,
        ref=subject.id,
        as_child=subject.age.as_child,
        legal_moves=legal_moves(subject.state),
        consents=last_answers(subject.consents),
        case_ref=subject.case_ref,
        registered_at=subject.created_at,
        restricted=bool(subject.restrictions),
        labels=labels_of(subject, call.lang),
    )


def subject_item(subject: Subject, call: Call) -> SubjectItem:
    """The person in one line."""
    shown = subject.model_dump(include=set(SubjectItem.model_fields))
    return SubjectItem(**shown, ref=subject.id, age_band=subject.age.band, as_child=subject.age.as_child)


def last_answers(consents: tuple[Consent, ...]) -> tuple[AnswerView, ...]:
    """The answer that stands, per purpose."""
    return tuple(AnswerView(**consent.model_dump(exclude={"recorded_by"})) for consent in in_force(consents).values())


def labels_of(subject: Subject, lang: str) -> dict[str, str]:
    """The codes' words."""
    labels = {
        "state": SUBJECT_STATES[subject.state].label(lang),
        "source": INTAKE_SOURCES[subject.source].label(lang),
    }
    if subject.finding:
        labels["finding"] = SUBJECT_STATES[subject.finding].label(lang)
    return labels | ({"risk": RISK_LEVELS[subject.risk].label(lang)} if subject.risk else {})


@routes.command(
    "POST",
    "/v1/subjects",
    permission="subject.register",
    audit="SUBJECT_REGISTERED",
    body=SubjectBody,
    answer=subject_view,
    location="/v1/subjects/{id}",
)
async def register_subject(call: Call, body: SubjectBody) -> RegisterSubject:
    """Take in one person: somebody who came to the door, called, or comes home from abroad."""
    return RegisterSubject(
        report_ref=body.report_ref or new_id(),
        occurred_at=body.occurred_at,
        source=body.source,
        host=body.host,
        abroad=body.abroad,
        person=await taken(call.parts, body, body.occurred_at),
    )


ON = Target("subject", Subject)

routes.read("/v1/subjects/{subject}", permission="subject.read", audit="SUBJECT_READ", on=ON, answer=subject_view)
routes.list(
    "/v1/subjects",
    permission="subject.list",
    audit="SUBJECTS_LISTED",
    kind=Subject,
    answer=subject_item,
    filters=("state", "report_ref", "risk"),
)


@routes.query("GET", "/v1/subjects/{subject}/identity", permission="subject.identity", audit="IDENTITY_READ", on=ON)
async def read_identity(call: Call) -> IdentityView:
    """Who the person is, for those who work with them."""
    call.target.refuse_closed()
    return IdentityView(ref=call.target.id, **(await views.identity_of(call.parts, call.target.id)).reveal())


TIMELINE = "/v1/subjects/{subject}/timeline"


@routes.query(
    "GET", TIMELINE, permission="subject.timeline", audit="TIMELINE_READ", on=ON, parameters=("limit", "after")
)
async def read_timeline(call: Call) -> TimelineView:
    """What happened to the person, page by page."""
    page = page_of(call, TIMELINE, MAX_LIMIT)
    with_case = call.shows(DataClass.C1)
    lines = await views.timeline_of(
        call.parts, call.target, timeline_query(page), with_case=with_case, limit=page.limit + 1
    )
    items = tuple(line_view(line) for line in lines[: page.limit])
    return TimelineView(items=items, next=timeline_cursor(page, lines, call))


def line_view(line: dict[str, Any]) -> LineView:
    """One line of the timeline."""
    actor = line["actor"] or {}
    shown = {name: line[name] for name in ("version", "code", "detail", "occurred_at", "recorded_at")}
    return LineView(**shown, actor=actor.get("person"), agency=actor.get("agency"))
