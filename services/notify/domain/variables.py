"""The only values that a message may carry, and how each reads in a language.

Nothing else of an event reaches a text: no name, place of living, kind of help or agency whose part in a case is
secret. A new variable is a decision about safety, not about convenience.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.kernel.clock import WITA
from shared.reference.agencies import agency_of
from shared.reference.places import CHECKPOINTS


class Language(StrEnum):
    """The languages that every text exists in."""

    ID = "id"
    EN = "en"


Values = Mapping[str, str | None]
"""Raw values by variable, as codes, references and ISO times."""

MONTHS = {
    Language.ID: [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ],
    Language.EN: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
ON_THE_ROAD = {Language.ID: "di jalan", Language.EN: "on the road"}


@dataclass(frozen=True, slots=True)
class Variable:
    """`pattern` holds for the whole raw value. `words` turns it into what people read."""

    pattern: str
    words: Callable[[str | None, Language], str]
    optional: bool = False

    def accepts(self, raw: str | None) -> bool:
        """Whether this raw value is of the variable's shape."""
        return self.optional if raw is None else re.fullmatch(self.pattern, raw) is not None


def as_it_is(raw: str | None, _: Language) -> str:
    """Codes and references read the same in every language."""
    return raw or ""


def checkpoint_words(raw: str | None, language: Language) -> str:
    """The checkpoint's name; a stop without one was made on the road."""
    if raw is None:
        return ON_THE_ROAD[language]
    known = CHECKPOINTS.get(raw)
    return known.label(language) if known else raw


def agency_words(raw: str | None, language: Language) -> str:
    """The agency's name without its region."""
    try:
        return agency_of(raw or "").label(language)
    except KeyError:
        return raw or ""


def date_words(raw: str | None, language: Language) -> str:
    """The day in Central Indonesian time: `14 Mei 2026`."""
    day = _local(raw)
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"


def moment_words(raw: str | None, language: Language) -> str:
    """Day and time in Central Indonesian time: `14 Mei 2026 pukul 13.20 WITA`."""
    time = _local(raw)
    if language is Language.EN:
        return f"{date_words(raw, language)}, {time:%H:%M} WITA"
    return f"{date_words(raw, language)} pukul {time:%H.%M} WITA"


def _local(raw: str | None) -> datetime:
    return datetime.fromisoformat(raw or "").astimezone(WITA)


REFERENCE = r"[A-Za-z0-9][A-Za-z0-9_.:|/-]{0,199}"
CODE = r"[A-Z0-9][A-Z0-9_./-]{0,63}"
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(\+[0-9:]{5}|Z)"

LINK = "link"
VARIABLES: Mapping[str, Variable] = {
    "case_no": Variable(r"NTT-[0-9]{4}-[0-9]{6}", as_it_is),
    "reference": Variable(REFERENCE, as_it_is),
    "checkpoint": Variable(CODE, checkpoint_words, optional=True),
    "agency": Variable(CODE, agency_words),
    "date": Variable(TIME, date_words),
    "due": Variable(TIME, moment_words),
    LINK: Variable(r"(https?://[A-Za-z0-9.:\[\]-]+)?/[A-Za-z0-9/_.|:-]*", as_it_is),
}


def raw_value(name: str, value: object) -> str | None:
    """An event's field as the variable's raw value; raises ValueError where it is not of the variable's shape."""
    raw = value.isoformat() if isinstance(value, datetime) else value
    if not (raw is None or isinstance(raw, str)) or not VARIABLES[name].accepts(raw):
        raise ValueError(f"not a {name}")  # without the value: this may end in a log
    return raw
