"""The staff directory's file, and loading it."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.cases.commands import LoadMember
from services.cases.datafile import parse
from shared.events.envelope import Id, Moment
from shared.events.intake_v1 import AgencyRef, Kabupaten
from shared.events.position import Position
from shared.events.staff_v1 import MemberPublished
from shared.kernel.clock import Clock
from shared.kernel.command import Bus, Command
from shared.kernel.context import Cause
from shared.reference.agencies import is_office_here
from shared.reference.roles import ROLES


def _known_role(code: str) -> str:
    if code not in ROLES:
        raise ValueError("there is no such role")
    return code


def _possible_office(office: str) -> str:
    if not is_office_here(office):
        raise ValueError("there is no such office")
    return office


Role = Annotated[str, Field(pattern=r"^[A-Z_]{2,40}$"), AfterValidator(_known_role)]
OfficeHere = Annotated[AgencyRef, AfterValidator(_possible_office)]


class Listed(BaseModel):
    """One member as the file has it: references and codes, no names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: Id
    agency: OfficeHere
    unit: Id | None = None
    roles: tuple[Role, ...]
    kabupaten: tuple[Kabupaten, ...] = ()
    language: str = "id"
    valid_from: Moment
    valid_to: Moment | None = None
    active: bool = True


class Roster(BaseModel):
    """The file. Who is left out of it stays as they are; leaving is `active: false`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    members: tuple[Listed, ...]


def read_roster(text: str, file: str) -> Roster:
    """The members in a file's text; raises DataFileError with the line of each mistake, before anyone is loaded."""
    return parse(Roster, text, file)


async def load(roster: Roster, bus: Bus, clock: Clock, cause: Cause) -> Sequence[str]:
    """Upsert all members and publish those who changed; answers their references. Raises Reject or Unavailable."""
    now = clock()
    published = [MemberPublished(occurred_at=now, **listed.model_dump()) for listed in roster.members]
    receipts = await asyncio.gather(*(bus.submit(Command(LoadMember(member), cause)) for member in published))
    return [receipt.aggregate.id for receipt in receipts if receipt.position and Position.read(receipt.position).takes]
