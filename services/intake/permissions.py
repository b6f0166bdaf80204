"""Who may do what in intake: every row by role, permission, kind and scope. What no row allows is denied.

The posko works with the people whom it stopped, the unit for women and children with those whom it was asked to help,
and the manager of a case with the person in it. Other offices see of a stop what concerns them, without anybody's name.
"""

from services.intake.domain.interdiction import Interdiction
from services.intake.domain.screening import ScreeningRound
from services.intake.domain.states import SubjectState
from services.intake.domain.subject import Subject
from shared.kernel.context import Actor
from shared.security.permissions import Filter, Permit, everything

POSKOS = ("NAKER_PROV", "GT_KAB")
"""The agencies that stop departures: the province's in Kupang, a regency's task force elsewhere."""


def own_stops(actor: Actor) -> Filter | None:
    """The stops of the actor's own posko."""
    return {"agency": actor.agency} if actor.agency.rpartition("-")[0] in POSKOS else None


def known_stops(actor: Actor) -> Filter:
    """The stops that the actor's office made or was told of."""
    return {"$or": [{"agency": actor.agency}, {"offices": actor.agency}]}


def own_people(actor: Actor) -> Filter:
    """The people with whom the actor's office works.

    For a posko that ends with the hand-over: what is found later, who manages the case and what the person agreed to
    is no business of whoever stopped a departure, so from then on the person looks as if there were none.
    """
    mine = {"offices": actor.agency}
    if actor.agency.rpartition("-")[0] in POSKOS:
        return {**mine, "state": {"$ne": SubjectState.HANDED_TO_CASE.value}}
    return mine


def stopped_people(actor: Actor) -> Filter | None:
    """The same for an officer of a posko; the role means nothing in another agency."""
    return own_people(actor) if actor.agency.rpartition("-")[0] in POSKOS else None


def managed(actor: Actor) -> Filter:
    """The people whose case the actor manages."""
    return {"manager": actor.person}


PERMITS: tuple[Permit, ...] = (
    Permit("POSKO_OFFICER", "interdiction.record", Interdiction, own_stops),
    Permit("POSKO_OFFICER", "interdiction.move", Interdiction, own_stops),
    Permit("POSKO_OFFICER", "interdiction.details", Interdiction, own_stops),
    *(
        Permit(role, permission, Interdiction, known_stops)
        for role in ("POSKO_OFFICER", "INTAKE_OFFICER", "AGENCY_OFFICER", "SUPERVISOR")
        for permission in ("interdiction.read", "interdiction.list")
    ),
    Permit("INTAKE_OFFICER", "subject.register", Subject, own_people),
    Permit("INTAKE_OFFICER", "subject.sensitive", Subject, own_people),
    *(
        Permit(role, permission, Subject, scope)
        for role, scope in (("POSKO_OFFICER", stopped_people), ("INTAKE_OFFICER", own_people))
        for permission in (
            "subject.read",
            "subject.list",
            "subject.identity",
            "subject.screen",
            "subject.consent",
            "subject.move",
            "subject.timeline",
        )
    ),
    *(
        Permit("CASE_MANAGER", permission, Subject, managed)
        for permission in (
            "subject.read",
            "subject.list",
            "subject.identity",
            "subject.sensitive",
            "subject.screen",
            "subject.timeline",
        )
    ),
    *(Permit("SUPERVISOR", permission, Subject, own_people) for permission in ("subject.read", "subject.list")),
    # A round is reached through its person alone, who was found within the scopes above.
    *(
        Permit(role, permission, ScreeningRound, everything)
        for role, permissions in {
            "POSKO_OFFICER": ("subject.screen", "subject.read"),
            "INTAKE_OFFICER": ("subject.screen", "subject.read", "subject.sensitive"),
            "CASE_MANAGER": ("subject.screen", "subject.read", "subject.sensitive"),
            "SUPERVISOR": ("subject.read",),
        }.items()
        for permission in permissions
    ),
)
