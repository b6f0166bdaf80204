"""What happened in a case, and in its referrals, consents and files."""

from typing import Any

from pydantic import Field

from services.cases import views
from services.cases.api.fields import At, Coded
from services.cases.catalogue import timeline_label
from services.cases.domain.case import Case
from shared.http.masking import Part, View
from shared.http.pages import MAX_LIMIT, page_of, timeline_cursor, timeline_query
from shared.http.routes import Call, Routes, Target
from shared.security.policy.classes import DataClass

routes = Routes()


class LineView(Part):
    """One line: codes and references only. `person` is told for one's own office."""

    about: str = Field(description="What changed.", examples=["referrals"])
    ref: str = Field(examples=["019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a11"])
    version: int = Field(examples=[1])
    what: Coded
    detail: dict[str, Any] = Field(examples=[{"agency": "LPSK-53", "purpose": "LPSK_APPLICATION"}])
    occurred_at: At
    recorded_at: At
    agency: str | None = Field(description="Null where an event or the clock was the cause.", examples=["LPSK-53"])
    person: str | None = Field(examples=["O-51"])


class TimelineView(View):
    """A case's lines, by when things happened in the world."""

    data_class = DataClass.C2

    items: tuple[LineView, ...]
    next: str | None = Field(description="`?after=` of the next page.", examples=[None])


PATH = "/v1/cases/{case}/timeline"


@routes.query(
    "GET",
    PATH,
    permission="case.timeline",
    audit="TIMELINE_READ",
    on=Target("case", Case),
    parameters=("limit", "after"),
)
async def read_timeline(call: Call) -> TimelineView:
    """Read a case's timeline, page by page."""
    page = page_of(call, PATH, MAX_LIMIT)
    lines = await views.timeline(call, call.target, call.parts.reader, timeline_query(page), page.limit + 1)
    items = tuple(_line(line, call) for line in lines[: page.limit])
    return TimelineView(items=items, next=timeline_cursor(page, lines, call))


def _line(line: views.Line, call: Call) -> LineView:
    about, _, ref = line["about"].partition("|")
    actor = line["actor"] or {"person": None, "agency": None}
    return LineView(
        about=about,
        ref=ref,
        version=line["version"],
        what=Coded(code=line["code"], label=timeline_label(line["code"], call.lang)),
        detail=line["detail"],
        occurred_at=line["occurred_at"],
        recorded_at=line["recorded_at"],
        agency=actor["agency"],
        person=actor["person"] if actor["agency"] == call.actor.agency else None,
    )
