"""What of a person's answers stands: the same before a hand-over and after it (UU 27/2022 Art 20-25)."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from shared.kernel.errors import invalid


class GivenBy(StrEnum):
    """Who answered. For a child someone answers with it (UU 27/2022 Art 25); the child is asked in any case."""

    SELF = "SELF"
    PARENT = "PARENT"
    GUARDIAN = "GUARDIAN"
    COURT = "COURT"


def yes_stands(answered_at: datetime, noes: Iterable[datetime]) -> bool:
    """Whether a yes counts beside every no, refusals and withdrawals, that is known so far.

    A yes that is entered late does not outrank a later no, and at the same moment the no wins. A no always counts
    against a yes that was recorded before it, whenever it was said: in doubt nothing is shared, and one asks again.
    """
    return all(no < answered_at for no in noes)


def check_guardian(given_by: GivenBy | None, *, child_agrees: bool) -> None:
    """Raise Reject where a child's yes has nobody beside it."""
    if child_agrees and given_by in {None, GivenBy.SELF}:
        raise invalid("CHILD_NEEDS_GUARDIAN", "/given_by")
