"""What each service tells the data protection officer of seals: what is sealed, and who had seen what of it there.

References and codes only. The list is for that officer alone, for to everybody else who is not named nothing is sealed.
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.http.masking import Part, View
from shared.http.routes import Call, Routes, Target
from shared.kernel.command import Unavailable
from shared.security.policy.classes import DataClass
from shared.security.seals import Seal

routes = Routes()

LISTED, READ = "SEALS_LISTED", "SEAL_READERS_LISTED"

At = Annotated[datetime, Field(examples=["2026-05-14T05:20:00+08:00"])]


class SealView(View):
    """One sealed reference. `seal_ref` joins those that were sealed together."""

    data_class = DataClass.C1

    ref: str = Field(examples=["019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a11"])
    seal_ref: str = Field(examples=["019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a14"])
    kind: str = Field(description="CASE, SUBJECT or REFERRAL.", examples=["CASE"])
    people: tuple[str, ...] = Field(examples=[["O-20", "O-29"]])
    offices: tuple[str, ...] = Field(examples=[["LPSK-53"]])
    active: bool
    since: At


class ReaderView(Part):
    """A member of staff to whom it was shown in this service, alone or in a list."""

    person: str = Field(examples=["O-21"])
    agency: str = Field(examples=["UPTD_PPA-53.71"])
    named: bool = Field(description="Whether it is there for them still.")
    classes: tuple[str, ...] = Field(description="Of which classes.", examples=[["C1", "C2"]])
    times: int = Field(examples=[3])
    first: At
    last: At


class ReadersView(View):
    """Who had seen it, as far as this service's audit goes back."""

    data_class = DataClass.C1

    items: tuple[ReaderView, ...]


def seal_view(seal: Seal, _: Call) -> SealView:
    """A sealed reference."""
    return SealView(ref=seal.id, **seal.model_dump(include=set(SealView.model_fields)))


routes.list(
    "/v1/seals",
    permission="seal.list",
    audit=LISTED,
    kind=Seal,
    answer=seal_view,
    filters=("seal_ref", "kind", "active"),
)


@routes.query("GET", "/v1/seals/{seal}/readers", permission="seal.readers", audit=READ, on=Target("seal", Seal))
async def list_readers(call: Call) -> ReadersView:
    """List who had seen a sealed case, person or referral in this service. The other services tell of their own."""
    seal: Seal = call.target
    if call.backing.trail is None:
        raise Unavailable("NO_AUDIT")
    found = await call.backing.trail.readers(seal.id, besides=(LISTED, READ))
    items = (ReaderView(**row, named=not seal.shuts_out(row["person"], row["agency"])) for row in found)
    return ReadersView(items=tuple(items))
