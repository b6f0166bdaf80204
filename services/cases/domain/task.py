"""Tasks: what a person has to do because the platform must not or cannot."""

from typing import ClassVar

from shared.kernel.aggregate import Aggregate


class Task(Aggregate):
    """One task for an office, or for one person there. `about` is the id of what gave rise to it."""

    collection: ClassVar[str] = "tasks"

    kind: str
    """CALL: a notice did not arrive, call the office; CHECK_DUPLICATE: two facts of a file say the same; REVIEW_FACT:
    a fact of the agency was set aside;
    APPOINT_MANAGER: the manager may not see the case any more; REVIEW_EMERGENCY and EMERGENCY_USED: somebody opened a
    case in an emergency."""
    state: str = "OPEN"
    case_ref: str | None
    agency: str
    assignee: str | None
    about: str
    reason: str

    def concerns(self) -> tuple[str, ...]:
        """The case, where it is about one."""
        return (f"case|{self.case_ref}",) if self.case_ref else ()

    def owners(self) -> tuple[str, ...]:
        """Whose task it is."""
        return (self.agency,)
