"""The NIK, the number of an Indonesian in the civil registry (PP 40/2019 Art 30-33).

16 digits: six for the region of residence at registration, six for the date of birth with 40 added to a woman's day,
four as a serial. It has no checksum. It proves neither today's origin nor age, and a person without one, or with one
that does not parse, is taken in like any other.
"""

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.reference.regions import is_kabupaten

LENGTH = 16
WOMAN = 40
"""Added to the day of birth of women."""
MISSION = "99"
"""Instead of a province: registered at a mission abroad (PP 40/2019 Art 32(3))."""
OLDEST = 110


class NikStatus(StrEnum):
    """What we know about a number; only the registry itself can say more."""

    PARSED_OK = "PARSED_OK"
    PARSE_ERROR = "PARSE_ERROR"


class Nik(BaseModel):
    """What a number says about its owner, as far as it can be read. `kabupaten` is null for one from abroad."""

    model_config = ConfigDict(frozen=True)

    status: NikStatus
    sex: str | None = None
    born: str | None = None
    kabupaten: str | None = None


UNREADABLE = Nik(status=NikStatus.PARSE_ERROR)


def parse_nik(number: str, on: date) -> Nik:
    """Read a number as of a day; answers UNREADABLE, and never raises, where it says nothing."""
    if len(number) != LENGTH or not (number.isascii() and number.isdigit()):
        return UNREADABLE
    day, month, year = int(number[6:8]), int(number[8:10]), int(number[10:12])
    born = _birth(year, month, day - WOMAN if day > WOMAN else day, on)
    kabupaten = f"{number[:2]}.{number[2:4]}"
    abroad = number.startswith(MISSION)
    if born is None or not (abroad or is_kabupaten(kabupaten)):
        return UNREADABLE
    return Nik(
        status=NikStatus.PARSED_OK,
        sex="F" if day > WOMAN else "M",
        born=born.isoformat(),
        kabupaten=None if abroad else kabupaten,
    )


def _birth(year: int, month: int, day: int, on: date) -> date | None:
    """The latest such day that is not after `on`: two digits of a year leave the century to plausibility."""
    for century in (on.year // 100 * 100, on.year // 100 * 100 - 100):
        try:
            born = date(century + year, month, day)
        except ValueError:
            continue
        if born <= on and on.year - born.year <= OLDEST:
            return born
    return None
