"""The agencies that work together. An office is `<CODE>-<region>`, for example `UPTD_PPA-53.71`."""

from collections.abc import Mapping

from shared.reference.regions import REGENCIES, in_province
from shared.reference.table import Labelled, Table


class Agency(Labelled):
    """One kind of agency. `levels` says where it has offices: in the province, in its regencies, or in both.

    `topic` is its part of `partner-<topic>` and `agency-<topic>`, null for an agency without a feed of its own.
    `share_purpose` is the consent without which nothing about a person goes there; null where no person's data
    ever goes there, consent or not.
    """

    levels: str
    topic: str | None
    share_purpose: str | None


AGENCIES: Mapping[str, Agency] = Table(Agency, "agencies.csv")


def is_office(office: str) -> bool:
    """Whether there can be such an office, anywhere in Indonesia."""
    agency, place = AGENCIES.get(office.rpartition("-")[0]), REGENCIES.get(region_of(office))
    return agency is not None and place is not None and place.level in agency.levels.split()


def is_office_here(office: str) -> bool:
    """Whether it can be one of this province: one that can answer, and has staff and mailboxes here."""
    return is_office(office) and in_province(region_of(office))


def agency_of(office: str) -> Agency:
    """The agency that an office belongs to; raises KeyError where there is none of that code."""
    return AGENCIES[office.rpartition("-")[0]]


def region_of(office: str) -> str:
    """The region's code of an office: `53.71` of `UPTD_PPA-53.71`."""
    return office.rpartition("-")[2]
