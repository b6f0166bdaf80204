"""Deadlines: what a data file says of one, and a running one."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.cases.domain.workdays import after_working_days
from services.cases.domain.workflow import Code, Label, Strict
from shared.reference.codes import RISK_LEVELS

Hours = Annotated[int, Field(ge=1, le=24 * 366)]


class Deadline(Strict):
    """One deadline as data. With `within_triage` the risk level's time of first response counts where it is shorter."""

    code: Code
    version: Annotated[int, Field(ge=1)]
    label: Label
    basis: str
    owner: Literal["RECEIVER", "CONTROLLER"]
    """Who owes the act: the receiving office, or the controller of the data."""
    unit: Literal["hours", "working_days"]
    limit: Hours
    within_triage: bool = False
    rung_every: Hours
    """After a breach, each further rung of escalation follows after this."""

    def due(self, start: datetime, risk: str | None) -> datetime:
        """When it is over for a clock that started at `start`."""
        if self.unit == "working_days":
            return after_working_days(start, self.limit)
        level = RISK_LEVELS.get(risk or "") if self.within_triage else None
        return start + timedelta(hours=min(self.limit, level.first_response_h if level else self.limit))


class ClockStatus(StrEnum):
    """MET_LATE_RECORDED: done in time, but we heard of it after the breach, which stays on record."""

    RUNNING = "RUNNING"
    MET = "MET"
    MET_LATE_RECORDED = "MET_LATE_RECORDED"
    BREACHED = "BREACHED"
    CANCELLED = "CANCELLED"


class DeadlineClock(BaseModel):
    """One running deadline. Events name it by `ref` alone; which deadline it is shows after sign-in."""

    model_config = ConfigDict(frozen=True)

    ref: str
    sla_code: str
    version: int
    started_at: datetime
    due_at: datetime
    status: ClockStatus = ClockStatus.RUNNING
    breached_at: datetime | None = None
    stopped_at: datetime | None = None

    def breached(self) -> "DeadlineClock":
        """Past its limit."""
        return self.model_copy(update={"status": ClockStatus.BREACHED, "breached_at": self.due_at})

    def stopped(self, at: datetime) -> "DeadlineClock":
        """Stopped by an act that happened at `at`; an act in time never erases a breach already on record."""
        if at > self.due_at:
            return self.breached().model_copy(update={"stopped_at": at})
        status = ClockStatus.MET if self.breached_at is None else ClockStatus.MET_LATE_RECORDED
        return self.model_copy(update={"status": status, "stopped_at": at})

    def cancelled(self, at: datetime) -> "DeadlineClock":
        """No longer owed; a breach stays what it is."""
        if self.status is not ClockStatus.RUNNING:
            return self
        return self.model_copy(update={"status": ClockStatus.CANCELLED, "stopped_at": at})


def start_clock(deadline: Deadline, ref: str, start: datetime, risk: str | None) -> DeadlineClock:
    """A clock that starts at `start`, whenever we hear of it."""
    return DeadlineClock(
        ref=ref,
        sla_code=deadline.code,
        version=deadline.version,
        started_at=start,
        due_at=deadline.due(start, risk),
    )
