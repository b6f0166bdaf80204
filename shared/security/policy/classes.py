"""How sensitive a piece of data is. Policies say which classes they show; answers' fields say which class they are."""

from collections.abc import Iterable
from enum import StrEnum


class DataClass(StrEnum):
    """The classes of the task force's data protection rules."""

    C0 = "C0"
    """Public, or no more than the asker said themselves: a reference, a code list's words."""
    C1 = "C1"
    """What a case is without a person: state, agencies, dates, regency."""
    C2 = "C2"
    """Profile and services: age band, sex, origin, screening results."""
    C3 = "C3"
    """Identity: name, NIK, phone, address, village, family."""
    C4 = "C4"
    """Sensitive: health, violence, children, money, what was said in an interview, an agency's own notes."""
    C5 = "C5"
    """A shelter's or a protected person's place, a reporter's identity."""


Classes = frozenset[DataClass]


def classes_in(text: str) -> Classes:
    """The classes that an annotation lists, `C1,C2`; raises ValueError where one is none. C0 is always among them."""
    named = [part.strip() for part in text.split(",") if part.strip()]
    return frozenset({DataClass.C0, *map(DataClass, named)})


def in_order(classes: Iterable[DataClass]) -> tuple[str, ...]:
    """As they are written down: `("C1", "C2")`; C0 goes without saying."""
    return tuple(sorted(each.value for each in classes if each is not DataClass.C0))
