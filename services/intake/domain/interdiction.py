"""A departure interdiction (in the field "pencekalan"): people stopped before a journey, and why.

It is an administrative turn-back, no ban: nobody is held, no list is kept, and whoever wants to go may go. That is why
a legal basis is mandatory, and why there are no fields for anything more.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import WITA
from shared.kernel.errors import Reject, invalid
from shared.reference.codes import LEGAL_BASES, Scope
from shared.reference.places import is_overseas


class InterdictionState(StrEnum):
    """Where a stop stands."""

    DEPARTURE_POSTPONED = "DEPARTURE_POSTPONED"
    GUIDANCE = "GUIDANCE"
    HANDED_TO_POLICE = "HANDED_TO_POLICE"
    HANDED_TO_HOME_REGION = "HANDED_TO_HOME_REGION"
    RELEASED = "RELEASED"
    CLOSED = "CLOSED"


S = InterdictionState

NEXT: Mapping[InterdictionState, frozenset[InterdictionState]] = {
    S.DEPARTURE_POSTPONED: frozenset({S.GUIDANCE, S.RELEASED}),
    S.GUIDANCE: frozenset({S.HANDED_TO_POLICE, S.HANDED_TO_HOME_REGION, S.RELEASED}),
    S.HANDED_TO_POLICE: frozenset({S.CLOSED}),
    S.HANDED_TO_HOME_REGION: frozenset({S.CLOSED}),
    S.RELEASED: frozenset({S.CLOSED}),
    S.CLOSED: frozenset(),
}


class InterdictedPerson(BaseModel):
    """One row of a stop: what the posko saw of a person, by reference. Codes only."""

    model_config = ConfigDict(frozen=True)

    subject_ref: str
    sex: str
    age_band: str
    kabupaten: str | None
    documents: tuple[str, ...] = ()
    pretext: str | None = None
    wants_training: bool | None = None


class Interdiction(Aggregate):
    """One stop. `checkpoint` is null on the road. `recruiters` is all that shows of recruiters: how many there were.

    `recruiter_close` says that one of them is family or from the same village, so that no notice of a return home may
    go there. What the company is called that somebody claimed, and the village of a stop on the road, are sealed.
    """

    collection: ClassVar[str] = "interdictions"

    agency: str
    recorded_by: str
    offices: tuple[str, ...]
    occurred_at: datetime
    recorded_at: datetime
    checkpoint: str | None
    kabupaten: str
    carrier: str | None
    transport_no: str | None
    destination: str
    transit: tuple[str, ...]
    members: tuple[str, ...]
    legal_basis: str
    claims_company: bool
    people: tuple[InterdictedPerson, ...]
    recruiters: int
    recruiter_close: bool
    state: InterdictionState = InterdictionState.DEPARTURE_POSTPONED
    erased_at: datetime | None = None
    """When what was sealed of the stop itself went, after all its people's identities."""

    def concerns(self) -> tuple[str, ...]:
        """The people who were stopped."""
        return tuple(f"subject|{person.subject_ref}" for person in self.people)

    def owners(self) -> tuple[str, ...]:
        """The posko, and the offices that were told."""
        return (self.agency, *self.offices)

    def without(self, subjects: frozenset[str]) -> "Interdiction":
        """The stop as it looks to whoever is kept out of these people: no row of theirs, and none in a count."""
        return self.model_copy(update={"people": tuple(row for row in self.people if row.subject_ref not in subjects)})

    def moved(self, target: InterdictionState) -> "Interdiction":
        """The stop one step further; raises Reject ILLEGAL_MOVE. Letting people go needs no reason."""
        if target not in NEXT[self.state]:
            raise Reject("ILLEGAL_MOVE", legal_moves=legal_moves(self.state))
        return self.evolve(state=target)


def legal_moves(state: InterdictionState) -> tuple[str, ...]:
    """The states that a stop can go to from here, in the order of the work."""
    return tuple(target.value for target in InterdictionState if target in NEXT[state])


def origins_of(people: tuple[InterdictedPerson, ...]) -> dict[str, int]:
    """How many come from where; people of unknown origin are in no count."""
    return dict(sorted(Counter(p.kabupaten for p in people if p.kabupaten).items()))


def rows_for(stop: Interdiction, office: str) -> tuple[InterdictedPerson, ...]:
    """The rows that an office may see, person by person: the posko that recorded them, and nobody else."""
    return stop.people if office == stop.agency else ()


def counted_by(stop: Interdiction, office: str) -> tuple[InterdictedPerson, ...]:
    """Whom an office may count by origin: the posko and the province all, a home region its own, others nobody."""
    agency, _, place = office.rpartition("-")
    if office == stop.agency or agency == "NAKER_PROV":
        return stop.people
    return tuple(p for p in stop.people if p.kabupaten == place) if agency == "GT_KAB" else ()


def check_basis(code: str, occurred_at: datetime, destination: str) -> None:
    """Raises Reject where the rule named was not in force on that day (WITA) for that kind of journey."""
    scope: Scope = "OVERSEAS" if is_overseas(destination) else "DOMESTIC"
    basis = LEGAL_BASES.get(code)
    if basis is None or not basis.covers(occurred_at.astimezone(WITA).date(), scope):
        raise invalid("NO_LEGAL_BASIS", "/legal_basis")
