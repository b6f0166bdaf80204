"""What has to be true at the story's end."""

from dataclasses import dataclass, field
from typing import Any

from deploy.demo.leaks import Search


@dataclass(frozen=True)
class Check:
    """One fact: what was expected, what was found."""

    what: str
    expected: Any
    found: Any

    @property
    def holds(self) -> bool:
        """Whether it is so."""
        return bool(self.expected == self.found)


@dataclass
class Checks:
    """Collected during the story, judged at its end: one that fails does not stop the telling."""

    made: list[Check] = field(default_factory=list)

    def equal(self, what: str, found: Any, expected: Any) -> None:
        """Both must be equal."""
        self.made.append(Check(what, expected, found))

    def true(self, what: str, found: object) -> None:
        """It must be so."""
        self.made.append(Check(what, expected=True, found=bool(found)))

    def clean(self, search: Search) -> None:
        """The search read something and found nothing."""
        found = "; ".join(search.leaks[:5]) or ("nothing found" if search.read else "nothing was read")
        self.made.append(Check(f"no name, number or word of anybody in {search.place} ({search.read} read)",
                               "nothing found", found))  # fmt: skip

    @property
    def all_hold(self) -> bool:
        """Whether there are checks and every one of them holds."""
        return bool(self.made) and all(check.holds for check in self.made)
