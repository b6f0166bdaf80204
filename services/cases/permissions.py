"""Who may do what in cases: every row by role, permission, kind and scope. What no row allows is denied.

The manager works with their own cases; a draft is open to the managers of the office that should lead it, so that one
of them can take it. A supervisor reads what their office leads. Another agency learns of a case by a referral alone,
and then sees the thin case, its own referral and its own file.
"""

from collections.abc import Iterable

from services.cases.domain.agency_file import AgencyFile
from services.cases.domain.case import Case
from services.cases.domain.consent import Consent
from services.cases.domain.referral import Referral
from services.cases.domain.task import Task
from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor
from shared.security.permissions import Filter, Permit, Scope, everything
from shared.security.staff import Member, Office

MANAGER, SUPERVISOR, OFFICER = "CASE_MANAGER", "SUPERVISOR", "AGENCY_OFFICER"
ADMINISTRATOR, DPO = "AGENCY_ADMIN", "DPO"


def managed(actor: Actor) -> Filter:
    """What belongs to the cases that the actor manages."""
    return {"manager": actor.person}


def managed_or_free(actor: Actor) -> Filter:
    """The cases that the actor manages, and the drafts that they could take."""
    return {"$or": [{"manager": actor.person}, {"manager": None, "state": "DRAFT", "proposed_lead": actor.agency}]}


def led(actor: Actor) -> Filter:
    """The cases that the actor's office leads, or should lead where nobody does yet."""
    return {"$or": [{"lead": actor.agency}, {"lead": None, "proposed_lead": actor.agency}]}


def granted(actor: Actor) -> Filter:
    """The cases that the actor's office may see because it was asked in."""
    return {"grants.agency": actor.agency}


def of_led_cases(actor: Actor) -> Filter:
    """The files in the cases that the actor's office leads."""
    return {"lead": actor.agency}


def sent(actor: Actor) -> Filter:
    """The referrals that the actor's office sent."""
    return {"sender": actor.agency}


def received(actor: Actor) -> Filter:
    """What is the actor's own office's: referrals to it, its files, its tasks."""
    return {"agency": actor.agency}


def assigned(actor: Actor) -> Filter:
    """The actor's own tasks, and those of their office that nobody has."""
    return {"$or": [{"assignee": actor.person}, {"assignee": None, "agency": actor.agency}]}


def own_staff(actor: Actor) -> Filter:
    """The members of the actor's own agency."""
    return {"agency": actor.agency}


def own_others(actor: Actor) -> Filter:
    """The same without the actor: nobody changes their own entry."""
    return {"agency": actor.agency, "_id": {"$ne": actor.person}}


def others(actor: Actor) -> Filter:
    """Everybody but the actor."""
    return {"_id": {"$ne": actor.person}}


def _rows(kind: type[Aggregate], permissions: Iterable[str], scopes: dict[str, Scope]) -> Iterable[Permit]:
    for permission in permissions:
        for role, scope in scopes.items():
            yield Permit(role, permission, kind, scope)


PERMITS: tuple[Permit, ...] = (
    *_rows(Case, ("case.list", "case.read"), {MANAGER: managed_or_free, SUPERVISOR: led, OFFICER: granted}),
    *_rows(Case, ("case.move",), {MANAGER: managed_or_free}),
    *_rows(Case, ("case.timeline", "consent.list"), {MANAGER: managed, SUPERVISOR: led}),
    *_rows(Case, ("consent.record", "referral.send"), {MANAGER: managed}),
    # Consents are reached through their case alone, which was found within the scopes above.
    *_rows(Consent, ("case.timeline", "consent.list"), {MANAGER: everything, SUPERVISOR: everything}),
    *_rows(Referral, ("case.timeline",), {MANAGER: managed, SUPERVISOR: sent}),
    *_rows(Referral, ("referral.list", "referral.read"), {MANAGER: managed, SUPERVISOR: sent, OFFICER: received}),
    *_rows(Referral, ("referral.answer",), {OFFICER: received}),
    *_rows(Case, ("file.list",), {MANAGER: managed, SUPERVISOR: led, OFFICER: granted}),
    *_rows(AgencyFile, ("case.timeline",), {MANAGER: managed, SUPERVISOR: of_led_cases}),
    *_rows(AgencyFile, ("file.list", "file.read"), {MANAGER: managed, SUPERVISOR: of_led_cases, OFFICER: received}),
    *_rows(Task, ("task.list",), {MANAGER: assigned, SUPERVISOR: received, OFFICER: assigned}),
    *_rows(Member, ("staff.list", "staff.read"), {ADMINISTRATOR: own_staff, DPO: everything}),
    *_rows(Member, ("staff.employ",), {ADMINISTRATOR: own_staff}),
    *_rows(Member, ("staff.change",), {ADMINISTRATOR: own_others}),
    *_rows(Member, ("staff.move",), {ADMINISTRATOR: own_others, DPO: others}),
    *_rows(Office, ("office.move",), {DPO: everything}),
)
