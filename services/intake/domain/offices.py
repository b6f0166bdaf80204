"""Which offices are told of what. Intake decides, so that no indicator has to travel."""

from collections.abc import Iterable

from shared.reference.regions import PROVINCE, in_province

CHILDREN = "UPTD_PPA"
"""The unit for women and children of the place where the person is."""

POSKOS = ("NAKER_PROV", "GT_KAB")
"""The agencies that stop departures: the province's in Kupang, a regency's task force elsewhere."""


def told_of_stop(origins: Iterable[str], *, overseas: bool, indicators: bool) -> tuple[str, ...]:
    """Who is told of people stopped before a departure: by reference and count, never by name.

    The police only where there are indicators: most of the people stopped are no victims, and none are suspects.
    """
    home = [f"GT_KAB-{kabupaten}" for kabupaten in sorted(set(origins)) if in_province(kabupaten)]
    police = [f"POLRI-{PROVINCE}"] if indicators else []
    migrants = [f"BP3MI-{PROVINCE}"] if overseas else []
    return (f"NAKER_PROV-{PROVINCE}", *home, *police, *migrants)


def told_of_need(host: str, *, child: bool = False, signs: bool = False, urgent: bool = False) -> tuple[str, ...]:
    """Who is told at once, where the person is now, of a suspected child, of signs or of an urgent need."""
    return (f"{CHILDREN}-{host}",) if child or signs or urgent else ()
