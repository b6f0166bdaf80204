"""Legal holds: why data must stay although somebody could ask for their end."""

from datetime import datetime
from typing import ClassVar

from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Reject


class LegalHold(Aggregate):
    """One hold over some people. It never ends by itself: `review_at` is when somebody has to look again."""

    collection: ClassVar[str] = "legal_holds"

    subjects: tuple[str, ...]
    basis: str
    agency: str
    placed_by: str
    placed_at: datetime
    review_at: datetime
    review_due: bool = False
    lifted_at: datetime | None = None

    def concerns(self) -> tuple[str, ...]:
        """The people."""
        return tuple(f"subject|{subject}" for subject in self.subjects)

    def owners(self) -> tuple[str, ...]:
        """The office that placed it."""
        return (self.agency,)

    def lifted(self, at: datetime) -> "LegalHold":
        """Without force from now on; raises Reject where it was lifted before."""
        if self.lifted_at is not None:
            raise Reject("ILLEGAL_MOVE")
        return self.evolve(lifted_at=at, review_due=False)

    def reviewed(self, review_at: datetime) -> "LegalHold":
        """Still needed, to be looked at again then; raises Reject where it was lifted."""
        if self.lifted_at is not None:
            raise Reject("ILLEGAL_MOVE")
        return self.evolve(review_at=review_at, review_due=False)
