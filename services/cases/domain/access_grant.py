"""Access that the manager of a case gives to a colleague, or to an agency that was asked in, for a time."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from services.cases.domain.workflow import Strict
from shared.events.staff_v1 import OpenClass, OpenedAccess
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Reject, invalid
from shared.security.access import grantee_of


class AccessLimits(Strict):
    """How long access may last, as data."""

    longest_days: Annotated[int, Field(ge=1, le=366)]
    emergency_minutes: Annotated[int, Field(ge=1, le=60)]

    def check(self, since: datetime, until: datetime, now: datetime) -> None:
        """Raise Reject for a time that is over, turned round, or too long."""
        if until <= now:
            raise invalid("NOT_AHEAD", "/until")
        if until <= since:
            raise invalid("ENDS_BEFORE_IT_BEGINS", "/until")
        if until - since > timedelta(days=self.longest_days):
            raise invalid("LASTS_TOO_LONG", "/until")


class AccessGrant(Aggregate):
    """One grant to a person, or to a unit of an office: these classes of the case and its people, or of one person.

    It ends at `until` without anybody's doing, or earlier when it is withdrawn.
    """

    collection: ClassVar[str] = "access_grants"
    has_timeline: ClassVar[bool] = False

    case_ref: str
    subject_ref: str | None
    """The one person that it is about; None: the case with all its people."""
    refs: tuple[str, ...]
    """What it opens, by reference. Whoever joins the case later is not among them."""
    agency: str
    person: str | None
    unit: str | None
    classes: tuple[OpenClass, ...]
    purpose: str
    reason: str
    given_by: str
    since: datetime
    until: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None

    def concerns(self) -> tuple[str, ...]:
        """The case, and the people whom it opens."""
        return (f"case|{self.case_ref}", *(f"subject|{ref}" for ref in self.refs if ref != self.case_ref))

    @property
    def grantee(self) -> str:
        """Whom it is for, as the directory's key."""
        return grantee_of(self.agency, self.person, self.unit)

    @property
    def opens(self) -> OpenedAccess:
        """What the services are told of it."""
        return OpenedAccess(
            grant_ref=self.id,
            agency=self.agency,
            refs=self.refs,
            classes=self.classes,
            purpose=self.purpose,
            since=self.since,
            until=self.until,
        )

    def ended(self, now: datetime) -> bool:
        """Whether it opens nothing any more."""
        return self.withdrawn_at is not None or self.until <= now

    def withdrawn(self, at: datetime, by: str | None) -> "AccessGrant":
        """Ended before its time; raises Reject where it has ended already."""
        if self.ended(at):
            raise Reject("ENDED_ALREADY")
        return self.evolve(withdrawn_at=at, withdrawn_by=by)
