"""An agency's own file of a case, as its facts tell it."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from services.cases.domain.case import Case
from services.cases.domain.workflow import Workflow
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Kind, Reject

MAX_FACTS = 500
"""A file this long is a runaway feed, not a case."""


class FileFact(BaseModel):
    """One fact that the agency reported, in our history for ever.

    `state` is where its kind leads; `moved` says whether it did, for an old fact fills a gap and moves nothing.
    `duplicate_of` names an earlier fact that says the same under another id: flagged for people, never merged.
    """

    model_config = ConfigDict(frozen=True)

    event_id: str
    type: str
    state: str
    occurred_at: datetime
    recorded_at: datetime
    detail: dict[str, Any]
    """The agency's codes, numbers and dates."""
    digest: str
    moved: bool = False
    duplicate_of: str | None = None
    corrects: str | None = None
    corrected_by: str | None = None


class AgencyFile(Aggregate):
    """One file, under the agency's own number; `facts` are in the order in which they happened.

    `manager` and `lead` are those of the case.
    """

    collection: ClassVar[str] = "agency_files"
    unique: ClassVar[tuple[tuple[str, ...], ...]] = (("agency_code", "foreign_no"),)

    case_ref: str
    case_no: str
    agency: str
    agency_code: str
    foreign_no: str
    lead: str | None
    manager: str | None
    workflow: str | None
    stage: str | None = None
    facts: tuple[FileFact, ...] = ()
    sealed: bool = False
    """Whether the case is sealed without naming the agency's office: then its facts are set aside."""

    def concerns(self) -> tuple[str, ...]:
        """Its case."""
        return (f"case|{self.case_ref}",)

    def owners(self) -> tuple[str, ...]:
        """The agency, and the office that leads the case."""
        return (self.agency,) if self.lead is None else (self.agency, self.lead)

    def told(self, flow: Workflow, fact: FileFact) -> "AgencyFile":
        """With one more fact.

        Raises Reject where the workflow knows no way to it, or where it corrects something never told.
        """
        if len(self.facts) >= MAX_FACTS:
            raise Reject("FILE_FULL", Kind.INVALID)
        earlier = self._corrected(fact) if fact.corrects else self.facts
        stage = self.stage if not fact.corrects else stage_after(flow, in_order(standing(earlier)))
        after = advance(flow, stage, fact.state)
        twin = next((old.event_id for old in standing(earlier) if old.digest == fact.digest), None)
        told = fact.model_copy(update={"moved": after != self.stage, "duplicate_of": twin})
        return self.evolve(stage=after, facts=tuple(in_order((*earlier, told))))

    def fact(self, event_id: str) -> FileFact | None:
        """The fact of this event, if it was told."""
        return next((fact for fact in self.facts if fact.event_id == event_id), None)

    def _corrected(self, fact: FileFact) -> tuple[FileFact, ...]:
        old = self.fact(fact.corrects or "")
        if old is None or old.corrected_by is not None:
            raise Reject("UNKNOWN_CORRECTION", Kind.UNKNOWN)
        marked = old.model_copy(update={"corrected_by": fact.event_id})
        return tuple(marked if each is old else each for each in self.facts)


def new_file(id_: str, case: Case, office: str, foreign_no: str, flow: Workflow | None) -> AgencyFile:
    """The file of this office under its number, before any fact."""
    return AgencyFile(
        id=id_,
        case_ref=case.id,
        case_no=case.case_no,
        agency=office,
        agency_code=office.rpartition("-")[0],
        foreign_no=foreign_no,
        lead=case.lead,
        manager=case.manager,
        workflow=flow.workflow if flow else None,
        sealed=case.sealed_from(office),
    )


def advance(flow: Workflow, stage: str | None, target: str) -> str:
    """The stage after a fact: forward where the workflow leads there, unchanged where the file is already past it.

    So the same facts end in the same stage in whatever order they come. Raises Reject where neither holds.
    """
    if stage is not None and (stage == target or stage in flow.after(target)):
        return stage
    if flow.may_enter(stage, target):
        return target
    raise Reject("ILLEGAL_MOVE", Kind.ILLEGAL_MOVE)


def stage_after(flow: Workflow, facts: Iterable[FileFact]) -> str | None:
    """The stage that these facts lead to together."""
    stage: str | None = None
    for fact in facts:
        stage = advance(flow, stage, fact.state)
    return stage


def standing(facts: Iterable[FileFact]) -> list[FileFact]:
    """Those that no later fact corrected."""
    return [fact for fact in facts if fact.corrected_by is None]


def in_order(facts: Iterable[FileFact]) -> list[FileFact]:
    """By when they happened; at the same moment by when we heard of them."""
    return sorted(facts, key=lambda fact: (fact.occurred_at, fact.recorded_at, fact.event_id))


def digest_of(type_: str, body: dict[str, Any]) -> str:
    """The same for two facts of one type that say the same thing about the same moment."""
    return hashlib.sha256(json.dumps([type_, body], sort_keys=True, default=str).encode()).hexdigest()
