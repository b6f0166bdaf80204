"""Code lists and deadlines of case work, and their loader."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Self

from pydantic import model_validator

from services.cases.datafile import parse
from services.cases.domain.access_grant import AccessLimits
from services.cases.domain.deadline import Deadline
from services.cases.domain.referral import LegalBasis, ReferralPurpose
from services.cases.domain.staff import StaffRole
from services.cases.domain.workflow import Named, Strict
from shared.reference.agencies import AGENCIES
from shared.reference.roles import ROLES


class Catalogue(Strict):
    """What the file holds, each list under its codes."""

    deadlines: tuple[Deadline, ...]
    purposes: tuple[ReferralPurpose, ...]
    legal_bases: tuple[LegalBasis, ...]
    rejection_reasons: tuple[Named, ...]
    return_reasons: tuple[Named, ...]
    tasks: tuple[Named, ...]
    timeline: tuple[Named, ...]
    roles: tuple[StaffRole, ...]
    suspension_reasons: tuple[Named, ...]
    exclusion_reasons: tuple[Named, ...]
    readmission_reasons: tuple[Named, ...]
    seal_reasons: tuple[Named, ...]
    unseal_reasons: tuple[Named, ...]
    access: AccessLimits
    access_reasons: tuple[Named, ...]
    emergency_reasons: tuple[Named, ...]
    emergency_outcomes: tuple[Named, ...]
    breach_kinds: tuple[Named, ...]
    breach_exemptions: tuple[Named, ...]

    @model_validator(mode="after")
    def _known_agencies(self) -> Self:
        agencies = {code for row in self.purposes for code in row.agencies}
        agencies |= {code for row in self.legal_bases for code in row.towards}
        agencies |= {code for row in self.roles for code in row.agencies}
        unknown = agencies - set(AGENCIES)
        if unknown:
            raise ValueError(f"unknown agencies: {', '.join(sorted(unknown))}")
        return self

    @model_validator(mode="after")
    def _known_roles(self) -> Self:
        unknown = {row.code for row in self.roles} - set(ROLES)
        if unknown:
            raise ValueError(f"unknown roles: {', '.join(sorted(unknown))}")
        return self


@cache
def catalogue() -> Catalogue:
    """The catalogue, read once; raises DataFileError."""
    text = resources.files(__name__).joinpath("catalogue.yaml").read_text("utf-8")
    return parse(Catalogue, text, "catalogue.yaml")


def deadline(code: str) -> Deadline:
    """The deadline of this code; raises KeyError."""
    return {row.code: row for row in catalogue().deadlines}[code]


def purposes() -> Mapping[str, ReferralPurpose]:
    """What agencies may be asked for, by code."""
    return {row.code: row for row in catalogue().purposes}


def legal_bases() -> Mapping[str, LegalBasis]:
    """The grounds other than consent, by code."""
    return {row.code: row for row in catalogue().legal_bases}


def rejection_reasons() -> Mapping[str, Named]:
    """Why an agency may say no, by code."""
    return {row.code: row for row in catalogue().rejection_reasons}


def staff_roles() -> Mapping[str, StaffRole]:
    """The roles of staff, by code."""
    return {row.code: row for row in catalogue().roles}


def suspension_reasons() -> Mapping[str, Named]:
    """Why somebody may be shut out, by code."""
    return {row.code: row for row in catalogue().suspension_reasons}


def breach_kinds() -> Mapping[str, Named]:
    """What can have happened to data, by code."""
    return {row.code: row for row in catalogue().breach_kinds}


def breach_exemptions() -> Mapping[str, Named]:
    """Why the persons need not be told of a breach, by code."""
    return {row.code: row for row in catalogue().breach_exemptions}


def breach_label(code: str, lang: str) -> str:
    """What happened, or why nobody was told, in this language."""
    return _label((*catalogue().breach_kinds, *catalogue().breach_exemptions), code, lang)


def exclusion_reasons() -> Mapping[str, Named]:
    """Why somebody may be kept out of a case, by code."""
    return {row.code: row for row in catalogue().exclusion_reasons}


def readmission_reasons() -> Mapping[str, Named]:
    """Why somebody who was kept out may be let in again, by code."""
    return {row.code: row for row in catalogue().readmission_reasons}


def seal_reasons() -> Mapping[str, Named]:
    """Why a case may be sealed, by code."""
    return {row.code: row for row in catalogue().seal_reasons}


def unseal_reasons() -> Mapping[str, Named]:
    """Why a seal may be opened, by code."""
    return {row.code: row for row in catalogue().unseal_reasons}


def access_limits() -> AccessLimits:
    """How long access may last."""
    return catalogue().access


def access_reasons() -> Mapping[str, Named]:
    """Why access may be given for a time, by code."""
    return {row.code: row for row in catalogue().access_reasons}


def emergency_reasons() -> Mapping[str, Named]:
    """Why somebody may open a case by themselves, by code."""
    return {row.code: row for row in catalogue().emergency_reasons}


def emergency_outcomes() -> Mapping[str, Named]:
    """What the review of that may come to, by code."""
    return {row.code: row for row in catalogue().emergency_outcomes}


def reason_label(code: str, lang: str) -> str:
    """Why a referral was rejected or went back, in this language."""
    return _label((*catalogue().rejection_reasons, *catalogue().return_reasons), code, lang)


def task_label(code: str, lang: str) -> str:
    """What a kind of task asks for, in this language."""
    return _label(catalogue().tasks, code, lang)


def timeline_label(code: str, lang: str) -> str:
    """What a line of the timeline says in this language."""
    return _label(catalogue().timeline, code, lang)


def _label(rows: tuple[Named, ...], code: str, lang: str) -> str:
    return next((row.label.of(lang) for row in rows if row.code == code), code)
