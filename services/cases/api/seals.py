"""Sealing a case and opening the seal."""

from typing import Annotated, Literal

from pydantic import Field

from services.cases.api.cases import case_view
from services.cases.api.fields import Body, CodeIn, OfficeIn
from services.cases.commands import SealCase, UnsealCase
from services.cases.domain.case import Case
from shared.http.routes import Call, Routes, Target
from shared.security.policy.classes import DataClass

routes = Routes()

StaffIn = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$", examples=["O-29"])]


class SealBody(Body):
    """For whom alone the case shall be there, beside its manager and whoever seals it."""

    data_class = DataClass.C1

    people: tuple[StaffIn, ...] = Field(default=(), max_length=50, description="Members of staff, by reference.")
    offices: tuple[OfficeIn, ...] = Field(default=(), max_length=20, description="Offices, with all their members.")
    reason: CodeIn = Field(examples=["WITNESS_PROTECTION"])


@routes.command(
    "POST",
    "/v1/cases/{case}/seal",
    permission="case.seal",
    audit="CASE_SEALED",
    on=Target("case", Case),
    body=SealBody,
    answer=case_view,
)
async def seal_case(call: Call, body: SealBody) -> SealCase:
    """Seal a case, or name others for whom it is there. For everybody else there is none from now on."""
    return SealCase(case=call.path["case"], people=body.people, offices=body.offices, reason=body.reason)


class SealMove(Body):
    """The move of a seal. UNSEAL: the case is there again for those whom their roles open it to."""

    data_class = DataClass.C1

    move: Literal["UNSEAL"]
    reason: CodeIn = Field(examples=["DANGER_OVER"])


@routes.command(
    "POST",
    "/v1/cases/{case}/seal/moves",
    permission="case.unseal",
    audit="CASE_UNSEALED",
    on=Target("case", Case),
    body=SealMove,
    answer=case_view,
)
async def unseal_case(call: Call, body: SealMove) -> UnsealCase:
    """Open the seal. Agencies' sight that ended with it does not begin again."""
    return UnsealCase(case=call.path["case"], reason=body.reason)
