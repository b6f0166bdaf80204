"""The seal of a case: for whom alone it is there. Everybody else finds nothing, whatever their role opens."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

LPSK = "LPSK"


class NamedPerson(BaseModel):
    """A member of staff to whom a sealed case is there, and their office when they were named."""

    model_config = ConfigDict(frozen=True)

    person: str
    agency: str


class CaseSeal(BaseModel):
    """Who is named, why, and who sealed it. `ref` joins everything that was sealed with the case."""

    model_config = ConfigDict(frozen=True)

    ref: str
    people: tuple[NamedPerson, ...]
    offices: tuple[str, ...]
    reason: str
    made_by: str
    made_at: datetime

    @property
    def persons(self) -> tuple[str, ...]:
        """The people named, by reference."""
        return tuple(named.person for named in self.people)

    def reaches(self, office: str) -> bool:
        """Whether the office or somebody of it is named."""
        return office in self.offices or any(named.agency == office for named in self.people)

    def names(self, person: str | None, office: str) -> bool:
        """Whether it is there for this member of the office; for a part of the office where there is no person."""
        return office in self.offices or person in self.persons

    @property
    def lpsk(self) -> frozenset[str]:
        """Who is named of LPSK: its offices and its people."""
        people = {named.person for named in self.people if is_of_lpsk(named.agency)}
        return frozenset({*people, *(office for office in self.offices if is_of_lpsk(office))})

    def is_lpsks(self, granted: Iterable[str]) -> bool:
        """Whether LPSK is named and among the offices that see the case: then it alone opens it again."""
        return any(is_of_lpsk(office) and self.reaches(office) for office in granted)

    def handed_on(self, former: str, manager: NamedPerson) -> "CaseSeal":
        """With another manager named in the place of the former one."""
        others = [named for named in self.people if named.person not in (former, manager.person)]
        return self.model_copy(update={"people": tuple(sorted((*others, manager), key=lambda named: named.person))})


def is_of_lpsk(office: str) -> bool:
    """Whether the office is one of the agency that protects witnesses and victims."""
    return office.rpartition("-")[0] == LPSK
