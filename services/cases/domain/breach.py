"""A failure to protect personal data (*kegagalan pelindungan data pribadi*, UU 27/2022 Art 46), and who has been told.

The register holds references and codes: which cases and persons, whose account, which period. What could have been
seen is asked of the audit.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.cases.domain.deadline import ClockStatus, DeadlineClock
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Kind, Reject, invalid


class Told(StrEnum):
    """Who must be told in writing within 3 x 24 hours: the persons, and the authority (Art 46(1))."""

    SUBJECTS = "SUBJECTS"
    AUTHORITY = "AUTHORITY"


class Breach(Aggregate):
    """One breach. Both clocks run from when it was known, not from when it was confirmed.

    `through_lpsk`: persons under protection are told by LPSK alone. `exemption` is why the persons need not be told
    (Art 50); towards the authority there is none.
    """

    collection: ClassVar[str] = "breaches"

    kind: str
    known_at: datetime
    recorded_by: str
    agency: str
    refs: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    through_lpsk: bool = False
    subjects: DeadlineClock
    authority: DeadlineClock
    exemption: str | None = None

    def clock(self, told: Told) -> DeadlineClock:
        """The clock of this notice."""
        return self.subjects if told is Told.SUBJECTS else self.authority

    def with_clock(self, told: Told, clock: DeadlineClock) -> "Breach":
        """With this notice's clock changed."""
        return self.evolve(**{told.value.lower(): clock})

    def told(self, told: Told, at: datetime) -> "Breach":
        """This notice went out; raises Reject where it had, or before anybody knew."""
        clock = self.clock(told)
        if clock.stopped_at is not None:
            raise Reject("TOLD_ALREADY", Kind.ILLEGAL_MOVE)
        if at < self.known_at:
            raise invalid("BEFORE_KNOWN", "/occurred_at")
        return self.with_clock(told, clock.stopped(at))

    def exempt(self, basis: str, at: datetime) -> "Breach":
        """The persons need not be told, on this ground."""
        if self.subjects.stopped_at is not None:
            raise Reject("TOLD_ALREADY", Kind.ILLEGAL_MOVE)
        return self.evolve(subjects=self.subjects.cancelled(at), exemption=basis)

    def overdue(self) -> "Breach":
        """With what still runs past its limit."""
        late = [told for told in Told if self.clock(told).status is ClockStatus.RUNNING]
        changed = self
        for told in late:
            changed = changed.with_clock(told, self.clock(told).breached())
        return changed
