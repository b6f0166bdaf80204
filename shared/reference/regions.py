"""Regions of Indonesia: every regency, and within Nusa Tenggara Timur every district and village.

Codes are the dotted ones of the Ministry of Home Affairs; statistics use others. They change over the years, and an
old record keeps the code under which it was written. A village's name and code are identity; `kabupaten_of` is what
may leave the vault.
"""

from collections.abc import Mapping
from typing import Literal

from shared.reference.table import Row, Table


class Region(Row):
    """One region; `parent` is the code of the next wider one."""

    name: str
    level: Literal["province", "regency", "district", "village"]
    parent: str | None


REGENCIES: Mapping[str, Region] = Table(Region, "indonesia_regencies.csv")
"""Every province, regency and city of Indonesia."""

NTT: Mapping[str, Region] = Table(Region, "ntt.csv")
"""Province 53 down to the village."""

PROVINCE = "53"


def region(code: str) -> Region:
    """The region of this code, wherever in Indonesia; raises KeyError where it is unknown."""
    return NTT[code] if code in NTT else REGENCIES[code]


def is_village(code: str) -> bool:
    """Whether this is a desa or kelurahan that we know."""
    return code in NTT and NTT[code].level == "village"


def is_kabupaten(code: str) -> bool:
    """Whether this is a regency or city anywhere in Indonesia."""
    return code in REGENCIES and REGENCIES[code].level == "regency"


def kabupaten_of(code: str) -> str:
    """The regency's or city's code of anything within it: `53.02` of `53.02.01.2003`."""
    return code[:5]


def in_province(code: str) -> bool:
    """Whether this lies in Nusa Tenggara Timur."""
    return code.partition(".")[0] == PROVINCE
