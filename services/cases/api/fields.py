"""Fields that several requests and answers share."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from services.cases.domain.workflow import Label, Workflow
from shared.events.envelope import Moment
from shared.reference.agencies import agency_of, region_of
from shared.reference.codes import RISK_LEVELS
from shared.security.policy.classes import DataClass

Ref = Annotated[str, Field(examples=["019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a11"])]
CaseNumber = Annotated[str, Field(examples=["NTT-2026-048213"])]
CodeIn = Annotated[str, Field(pattern=r"^[A-Z0-9_]{2,40}$")]
OfficeIn = Annotated[str, Field(pattern=r"^[A-Z0-9_]{2,24}-[0-9]{2}(\.[0-9]{2})?$", examples=["LPSK-53"])]
Happened = Annotated[
    Moment | None,
    Field(description="When it happened in the world; now, if left out.", examples=["2026-05-14T09:30:00+08:00"]),
]
At = Annotated[datetime, Field(examples=["2026-05-14T09:30:00+08:00"])]


class Body(BaseModel):
    """A request's body or a part of one; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_class: ClassVar[DataClass | None] = None


class Coded(BaseModel):
    """A code with its words in the reader's language."""

    code: str = Field(examples=["OPEN"])
    label: str = Field(examples=["Terbuka"])


def coded(code: str, label: Label, lang: str) -> Coded:
    """A code with the label of a list."""
    return Coded(code=code, label=label.of(lang))


def state_of(flow: Workflow, code: str, lang: str) -> Coded:
    """A state of a workflow."""
    return coded(code, flow.state(code).label, lang)


def moves_of(flow: Workflow, legal: tuple[str, ...], lang: str) -> tuple[Coded, ...]:
    """The legal moves with their words."""
    return tuple(coded(move.code, move.label, lang) for move in flow.moves if move.code in legal)


def office_of(office: str, lang: str) -> Coded:
    """An office with its agency's name and its region's code."""
    return Coded(code=office, label=f"{agency_of(office).label(lang)} ({region_of(office)})")


def risk_of(level: str | None, lang: str) -> Coded | None:
    """A risk level, if there is one."""
    found = RISK_LEVELS.get(level or "")
    return Coded(code=found.code, label=found.label(lang)) if found else None
