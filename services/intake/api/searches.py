"""Looking for somebody within one's own caseload."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from services.intake import searching
from services.intake.api import fields
from services.intake.api.subjects import subject_item
from services.intake.domain.names import words_of
from services.intake.domain.nik import LENGTH
from services.intake.domain.subject import Subject
from shared.http.routes import Call, Routes
from shared.http.sight import Found
from shared.security.blindindex import plain_nik
from shared.security.policy.classes import DataClass
from shared.security.vaulted import IntoVault, Vaulted

routes = Routes()


def _whole(number: str) -> str:
    if len(plain_nik(number)) != LENGTH:
        raise PydanticCustomError("NOT_A_NIK", "a whole number or none")
    return number


def _said(name: str) -> str:
    if not words_of(name):
        raise PydanticCustomError("BAD_VALUE", "no word in it")
    return name


WholeNik = Annotated[str, Field(pattern=r"^[0-9][0-9 .-]{14,38}$"), AfterValidator(_whole), IntoVault]
SaidName = Annotated[str, Field(min_length=2, max_length=200), AfterValidator(_said), IntoVault]


class SearchBody(fields.Body):
    """A whole NIK, or words of a name. Written the other way round, spaced, or in capitals, it is the same name."""

    data_class = DataClass.C3

    nik: WholeNik | None = Field(default=None, examples=["5302994107081234"])
    name: SaidName | None = Field(default=None, examples=[None])

    @model_validator(mode="after")
    def _one_term(self) -> "SearchBody":
        if (self.nik is None) == (self.name is None):
            raise PydanticCustomError("NIK_OR_NAME", "exactly one of them")
        return self


@routes.search(
    "/v1/subject-searches",
    permission="subject.search",
    audit="SUBJECTS_SEARCHED",
    kind=Subject,
    body=SearchBody,
    answer=subject_item,
)
async def search_subjects(call: Call, body: SearchBody) -> Found[Subject]:
    """Find somebody with whom one works oneself, by NIK or by name. Others are not looked at, whoever they are. A
    person whose data are restricted or erased is not found."""
    nik = Vaulted(body.nik) if body.nik else None
    return await searching.search(call, nik, Vaulted(body.name) if body.name else None)
