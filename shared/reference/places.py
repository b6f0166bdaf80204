"""Where journeys are stopped, and where they lead."""

from collections.abc import Mapping
from typing import Literal

from shared.reference.regions import REGENCIES
from shared.reference.table import Labelled, Table


class Checkpoint(Labelled):
    """An airport, port or border post with a posko; airports go by their IATA code."""

    kind: Literal["AIRPORT", "PORT", "LAND_BORDER"]
    kabupaten: str


CHECKPOINTS: Mapping[str, Checkpoint] = Table(Checkpoint, "checkpoints.csv")

COUNTRIES: Mapping[str, Labelled] = Table(Labelled, "countries.csv")
"""Countries to which people go, ISO 3166-1 alpha-2; `ZZ` for any other."""


def is_overseas(destination: str) -> bool:
    """Whether a destination's code is a country; else it is an Indonesian region's."""
    return destination in COUNTRIES


def is_destination(code: str) -> bool:
    """A country that we know, or a province, regency or city of Indonesia."""
    return code in COUNTRIES or code in REGENCIES


def destination_label(code: str, lang: str) -> str:
    """The destination's name; raises KeyError where the code is no destination."""
    return COUNTRIES[code].label(lang) if code in COUNTRIES else REGENCIES[code].name
