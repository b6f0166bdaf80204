"""A complete service in one file: it counts the readers of each open case.

A real service spreads these over its rooms (domain, handlers, commands, store, permissions, api, app); nothing else
is needed. What is not here, nobody has to write: transactions, idempotency, audit, ETags, retries, order, health.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field

from shared.events.case_v1 import CaseOpened
from shared.events.envelope import Event
from shared.http.masking import View
from shared.http.routes import Call, Routes, Target
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Reject
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work
from shared.security import staff
from shared.security.policy.classes import DataClass
from shared.security.policy.engine import Policies
from shared.security.policy.kinds import resource
from shared.security.policy.statements import statements
from shared.service.definition import Service
from shared.service.settings import ServiceSettings

# --- domain: state and its moves, pure ------------------------------------------------------------------------------


class Desk(Aggregate):
    """One desk for each open case."""

    collection: ClassVar[str] = "desks"
    unique: ClassVar[tuple[tuple[str, ...], ...]] = (("case_no",),)

    case_no: str
    lead: str
    readers: int = 0
    seats: int = 3

    def seated(self, people: int) -> "Desk":
        """With more readers; refuses where there are no seats."""
        if self.readers + people > self.seats:
            raise Reject("NO_SEATS_LEFT")
        return self.evolve(readers=self.readers + people)


# --- handlers: event → decision -------------------------------------------------------------------------------------

rules = Rulebook()


@rules.on(CaseOpened, needs=lambda e: [Desk.ref(e.data.case_ref)])
def prepare_desk(event: Event[CaseOpened], work: Work) -> None:
    """An opened case gets a desk."""
    opened = event.data
    if work.find(Desk, opened.case_ref) is None:
        work.put(Desk(id=opened.case_ref, case_no=opened.case_no, lead=opened.lead), "DESK_PREPARED")


# --- commands: what a person may do → decision ----------------------------------------------------------------------


@dataclass(frozen=True)
class SeatReaders:
    """People sit down."""

    desk: str
    people: int


@rules.command(SeatReaders, needs=lambda c: [Desk.ref(c.desk)])
def seat_readers(command: SeatReaders, work: Work) -> Desk:
    """Seat them, if there are seats."""
    desk = work.get(Desk, command.desk).seated(command.people)
    work.put(desk, "READERS_SEATED", people=command.people)
    return desk


# --- permissions: Cedar policies, in a real service in files of their own; nothing else is allowed --------------------

POLICIES = """
// Desks of the cases that the reader's office leads.
@id("desks.lead") @basis("PP 9/2008 Art 5(3)") @show("C1") @write("C1")
permit (
    principal in Role::"CASE_MANAGER",
    action in [Action::"desk.read", Action::"desk.seat"],
    resource is Desk
) when { resource.lead == principal.agency };
"""


def policies() -> Policies:
    """Parsed, validated, and compiled to filters of the database."""
    return Policies(statements(POLICIES, "desks.cedar"), [resource(Desk, "lead")], {"CASE_MANAGER": ()})


# --- api: routes, bodies, views -------------------------------------------------------------------------------------

routes = Routes()


class SeatBody(BaseModel):
    """How many sit down."""

    data_class: ClassVar[DataClass] = DataClass.C1

    people: int = Field(ge=1, le=3, examples=[2])


class DeskView(View):
    """What a reader sees, each field by its data class."""

    data_class = DataClass.C1

    ref: Annotated[str, DataClass.C0] = Field(examples=["D-1"])
    case_no: str = Field(examples=["NTT-2026-048213"])
    readers: int


def desk_view(desk: Desk, call: Call) -> DeskView:
    """One desk."""
    return DeskView(ref=desk.id, case_no=desk.case_no, readers=desk.readers)


routes.read("/v1/desks/{desk}", permission="desk.read", audit="DESK_READ", on=Target("desk", Desk), answer=desk_view)


@routes.command(
    "POST",
    "/v1/desks/{desk}/readers",
    permission="desk.seat",
    audit="READERS_SEATED",
    on=Target("desk", Desk),
    body=SeatBody,
    answer=desk_view,
)
async def seat(call: Call, body: SeatBody) -> SeatReaders:
    """Seat readers at a desk."""
    return SeatReaders(desk=call.path["desk"], people=body.people)


# --- app: the composition -------------------------------------------------------------------------------------------


class Settings(ServiceSettings):
    """Beyond the common ones, this service needs none."""

    mongo_database: str = "pulang_reading_room"


def service(_: Settings) -> Service:
    """The whole service."""
    return Service(
        name="reading-room",
        rules=rules.including(staff.projection),
        kinds=(Desk, staff.Member),
        routes=(routes,),
        policies=policies(),
    )
