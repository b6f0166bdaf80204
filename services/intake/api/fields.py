"""Types of request fields: codes are checked against their lists, texts have limits, references are UUIDs."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Annotated, Any, ClassVar, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.intake.domain.age import AgeBasis
from shared.events.envelope import Moment
from shared.events.intake_v1 import Sex
from shared.reference.agencies import is_office
from shared.reference.codes import (
    DOCUMENTS,
    INDICATORS,
    INTAKE_SOURCES,
    LEGAL_BASES,
    POSKO_MEMBERS,
    PRETEXTS,
    RECRUITER_TIES,
    RISK_FACTS,
    is_consent_purpose,
)
from shared.reference.places import CHECKPOINTS, is_destination
from shared.reference.regions import in_province, is_kabupaten, is_village
from shared.security.policy.classes import DataClass
from shared.security.vaulted import IntoVault

__all__ = ["Moment", "Sex"]


def known(is_known: Callable[[str], bool], code: str = "NOT_IN_LIST") -> AfterValidator:
    """Accepts the codes of a list; anything else fails with our own code, without repeating it."""

    def check(value: str) -> str:
        if not is_known(value):
            raise PydanticCustomError(code, "not in the list")
        return value

    return AfterValidator(check)


UuidRef = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", examples=["019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a11"]),
]
"""A client that works offline makes its references itself: UUIDs, in which no name fits."""

Listed = Annotated[str, Field(max_length=64)]
Indicator = Annotated[Listed, Field(examples=["RECRUIT"]), known(INDICATORS.__contains__)]
RiskFactCode = Annotated[Listed, Field(examples=["INJURY"]), known(RISK_FACTS.__contains__)]
DocumentCode = Annotated[Listed, Field(examples=["COMPETENCE"]), known(DOCUMENTS.__contains__)]
Pretext = Annotated[Listed, Field(examples=["WEDDING"]), known(PRETEXTS.__contains__)]
Tie = Annotated[Listed, Field(examples=["UNKNOWN"]), known(RECRUITER_TIES.__contains__)]
Source = Annotated[
    Listed, Field(examples=["BP3MI_DEBARKASI"]), known(lambda code: code in INTAKE_SOURCES and code != "INTERDICTION")
]
MemberCode = Annotated[Listed, Field(examples=["NAKER"]), known(POSKO_MEMBERS.__contains__)]
Basis = Annotated[Listed, Field(examples=["PERMENAKER_18_2024"]), known(LEGAL_BASES.__contains__)]
CheckpointCode = Annotated[Listed, Field(examples=["KOE"]), known(CHECKPOINTS.__contains__)]
Destination = Annotated[Listed, Field(examples=["61.71"]), known(is_destination)]
PurposeCode = Annotated[Listed, Field(examples=["SHARE_LPSK"]), known(is_consent_purpose)]
Kabupaten = Annotated[Listed, Field(examples=["53.02"]), known(is_kabupaten, "UNKNOWN_REGION")]
HostKabupaten = Annotated[
    Listed, Field(examples=["53.71"]), known(lambda code: is_kabupaten(code) and in_province(code), "UNKNOWN_REGION")
]
Village = Annotated[Listed, Field(examples=[None]), known(is_village, "UNKNOWN_REGION"), IntoVault]

Code = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9_./-]{0,31}$", examples=["KM-BUKIT.7"])]
"""A short code that no list of ours holds: a flight's or a ship's number, an airport on the way."""
Language = Annotated[str, Field(pattern=r"^[a-z]{2,24}$", examples=["dawan"])]
OfficeRef = Annotated[
    str, Field(pattern=r"^[A-Z0-9_]{2,24}-[0-9]{2}(\.[0-9]{2})?$", examples=["GT_KAB-53.02"]), known(is_office)
]
Name = Annotated[str, Field(min_length=1, max_length=200, examples=["V-020"]), IntoVault]
Phone = Annotated[str, Field(pattern=r"^\+?[0-9 ()-]{5,24}$", examples=["+62 000 0000 0000"]), IntoVault]
Number = Annotated[str, Field(min_length=1, max_length=32, examples=["5371997101990001"]), IntoVault]
"""A number by which an authority knows somebody, as it was shown."""
Birthday = Annotated[date, Field(examples=["1999-01-31"]), IntoVault]
Prose = Annotated[str, Field(min_length=1, max_length=10_000, examples=["Catatan tentang V-020."]), IntoVault]
Years = Annotated[int, Field(ge=0, le=120, examples=[27])]


# What answers show, each with an example. Whoever an example is about exists in no list but ours.
Ref = Annotated[str, Field(examples=["019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a11"])]
Office = Annotated[str, Field(examples=["NAKER_PROV-53"])]
Staff = Annotated[str, Field(examples=["O-20"])]
Region = Annotated[str, Field(examples=["53.02"])]
AgeBand = Annotated[str, Field(examples=["25-34"])]
Risk = Annotated[str, Field(examples=["R1_DARURAT"])]
Finding = Annotated[str, Field(examples=["PRESUMED_VICTIM"])]
Labels = Annotated[dict[str, str], Field(examples=[{"state": "Diduga korban"}])]


class Body(BaseModel):
    """A request's body or a part of one; unknown fields are refused.

    Where a minimum of items is asked for, the field is a list: of a tuple, pydantic counts the items that failed as
    missing, and reports TOO_FEW beside what is really wrong.

    Bodies hold identity in the clear: they print as their type alone and are not pickled, and their fields of
    identity are dumped into the vault alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_class: ClassVar[DataClass | None] = None

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return ()

    def __getstate__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} does not leave the process")


class IdentityBody(Body):
    """Who somebody is, as far as they say. Everything may be missing: people without papers, or without a name, are
    taken in like all others. A NIK that does not parse is kept as it was shown."""

    data_class = DataClass.C3

    full_name: Name | None = None
    aliases: tuple[Name, ...] = Field(default=(), max_length=20)
    nik: Number | None = None
    passport_no: Number | None = Field(default=None, examples=["X0000000"])
    birth_date: Birthday | None = None
    mother_name: Name | None = Field(default=None, examples=["V-021"])
    phones: tuple[Phone, ...] = Field(default=(), max_length=10)
    village: Village | None = None


class PersonBody(Body):
    """One person. `kabupaten` is where they come from, and follows from the village where one is known; `age` is what
    they say or a paper shows, and `age_doubt` the officer's own doubt."""

    data_class = DataClass.C2

    ref: Annotated[UuidRef | None, DataClass.C0] = None
    identity: IdentityBody = IdentityBody()
    sex: Sex = "UNKNOWN"
    kabupaten: Kabupaten | None = None
    age: Years | None = None
    age_basis: AgeBasis | None = None
    age_doubt: bool = False
    note: Annotated[Prose | None, DataClass.C4] = None
