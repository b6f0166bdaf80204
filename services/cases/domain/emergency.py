"""Access in an emergency (*break-glass*): somebody opens a case by themselves for minutes, and answers for it."""

from datetime import datetime
from typing import ClassVar

from services.cases.domain.deadline import DeadlineClock
from shared.events.staff_v1 import OpenedAccess
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Kind, Reject


class EmergencyAccess(Aggregate):
    """One access: by whom, to what, why, until when, and what its review came to.

    It opens the thin case, and of its people who they are and what was said in screenings. Nothing opens reporters,
    recruiters, suspects or places of shelter, for none of them is here.
    """

    collection: ClassVar[str] = "emergencies"

    case_ref: str
    case_no: str
    refs: tuple[str, ...]
    """The case, then its people."""
    person: str
    agency: str
    reason: str
    opened_at: datetime
    until: datetime
    tell: str
    """The office of the data protection officer, who reviews it."""
    manager_task: str
    """The task by which the case's manager, or another, hears of it."""
    review: DeadlineClock
    state: str = "OPEN"
    outcome: str | None = None
    reviewed_by: str | None = None

    def concerns(self) -> tuple[str, ...]:
        """The case and its people."""
        return (f"case|{self.case_ref}", *(f"subject|{ref}" for ref in self.people))

    @property
    def people(self) -> tuple[str, ...]:
        """The people of the case, by reference."""
        return tuple(ref for ref in self.refs if ref != self.case_ref)

    @property
    def opens(self) -> OpenedAccess:
        """What the services are told of it."""
        return OpenedAccess(
            grant_ref=self.id,
            agency=self.agency,
            refs=self.refs,
            classes=("C1", "C2", "C3", "C4"),
            since=self.opened_at,
            until=self.until,
            emergency=True,
        )

    def ended(self, at: datetime) -> "EmergencyAccess":
        """Over before its time; raises Reject where it is over already."""
        if self.until <= at:
            raise Reject("ENDED_ALREADY")
        return self.evolve(until=at)

    def reviewed(self, outcome: str, by: str, at: datetime) -> "EmergencyAccess":
        """Looked at by somebody else; raises Reject where it has been, or where it was their own."""
        if by == self.person:
            raise Reject("NOT_ONESELF", Kind.FORBIDDEN)
        if self.state == "REVIEWED":
            raise Reject("REVIEWED_ALREADY")
        return self.evolve(state="REVIEWED", outcome=outcome, reviewed_by=by, review=self.review.stopped(at))
