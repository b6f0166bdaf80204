"""Screening rounds."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.intake import sealing, views
from services.intake.api import fields
from services.intake.commands.screenings import Screen
from services.intake.domain.screening import Answers, ScreeningRound
from services.intake.domain.subject import Subject
from shared.http.masking import View
from shared.http.problems import not_found
from shared.http.routes import Call, Routes, Target
from shared.reference.codes import INDICATORS, RISK_FACTS, RISK_LEVELS, SUBJECT_STATES
from shared.security.policy.classes import DataClass
from shared.security.vaulted import INWARDS, Vaulted

routes = Routes()

ON = Target("subject", Subject)


class ScreeningBody(fields.Body):
    """One round's answers. `private`: nobody else was listening. `confirmed`: the person confirmed in that talk where
    the signs come from. What it comes to is computed."""

    data_class = DataClass.C4

    occurred_at: Annotated[fields.Moment, DataClass.C2]
    private: Annotated[bool, DataClass.C2]
    confirmed: bool
    indicators: tuple[fields.Indicator, ...] = Field(default=(), max_length=60, examples=[["RECRUIT", "FORCE"]])
    facts: tuple[fields.RiskFactCode, ...] = Field(default=(), max_length=30, examples=[["INJURY"]])
    language: fields.Language | None = None
    note: fields.Prose | None = None


class ScreeningView(View):
    """A round's result."""

    data_class = DataClass.C2

    ref: Annotated[fields.Ref, DataClass.C0]
    subject_ref: fields.Ref
    round: int
    occurred_at: datetime
    interviewer: fields.Staff
    agency: fields.Office
    private: bool
    finding: fields.Finding
    risk: fields.Risk | None
    labels: fields.Labels


class AnswersView(View):
    """A round's answers (class C4)."""

    data_class = DataClass.C4

    ref: Annotated[fields.Ref, DataClass.C0]
    indicators: tuple[str, ...] = Field(examples=[["RECRUIT", "FORCE"]])
    facts: tuple[str, ...] = Field(examples=[["INJURY"]])
    confirmed: bool
    language: str | None = Field(None, examples=["dawan"])
    note: str | None = Field(None, examples=["Catatan tentang V-020."])
    labels: fields.Labels


def screening_view(done: ScreeningRound, call: Call) -> ScreeningView:
    """The round without its answers."""
    labels = {"finding": SUBJECT_STATES[done.finding].label(call.lang)}
    if done.risk:
        labels["risk"] = RISK_LEVELS[done.risk].label(call.lang)
    shown = done.model_dump(include=set(ScreeningView.model_fields))
    return ScreeningView(**shown, ref=done.id, labels=labels)


@routes.command(
    "POST",
    "/v1/subjects/{subject}/screenings",
    permission="subject.screen",
    audit="SUBJECT_SCREENED",
    on=ON,
    body=ScreeningBody,
    answer=screening_view,
    location="/v1/subjects/{subject}/screenings/{id}",
)
async def screen(call: Call, body: ScreeningBody) -> Screen:
    """Add a screening round; earlier ones stay as they are."""
    call.target.refuse_closed()
    answers = Answers(
        indicators=frozenset(body.indicators),
        facts=frozenset(body.facts),
        private=body.private,
        confirmed=body.confirmed,
    )
    document = body.model_dump(
        include={"indicators", "facts", "confirmed", "language", "note"}, mode="json", context=INWARDS
    )
    return Screen(
        subject=call.target.id,
        occurred_at=body.occurred_at,
        answers=answers,
        sealed=await sealing.seal_document(call.parts, call.target.id, Vaulted(document)),
    )


routes.list(
    "/v1/subjects/{subject}/screenings",
    permission="subject.read",
    audit="SCREENINGS_LISTED",
    kind=ScreeningRound,
    on=ON,
    where=lambda call: {"subject_ref": call.target.id},
    answer=screening_view,
)


@routes.query(
    "GET",
    "/v1/subjects/{subject}/screenings/{screening}",
    permission="subject.sensitive",
    audit="SCREENING_ANSWERS_READ",
    on=ON,
)
async def read_answers(call: Call) -> AnswersView:
    """What the person said in a round, for those who need to know."""
    call.target.refuse_closed()
    done = await call.find_one(ScreeningRound, call.path["screening"])
    if done is None or done.subject_ref != call.target.id:
        raise not_found()
    opened = (await views.answers_of(call.parts, done)).reveal()
    rows = [INDICATORS[code] for code in opened["indicators"]] + [RISK_FACTS[code] for code in opened["facts"]]
    return AnswersView(ref=done.id, **opened, labels={row.code: row.label(call.lang) for row in rows})
