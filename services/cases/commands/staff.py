"""The staff directory, which this service owns and publishes: loaded by operators, kept by agencies' administrators."""

from dataclasses import dataclass
from datetime import datetime

from services.cases.catalogue import staff_roles, suspension_reasons
from services.cases.domain.staff import check_roles
from shared.events.staff_v1 import MemberPublished
from shared.kernel.acting import acting
from shared.kernel.errors import Kind, Reject, invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work
from shared.reference.agencies import is_office_here
from shared.security.staff import Member, member_from

commands = Rulebook()

ADMINISTRATOR = "AGENCY_ADMIN"
OWN = {"id", "version", "created_at", "updated_at", "told_at", "suspended_for"}
"""What of a member is this service's own and not published."""


@dataclass(frozen=True, slots=True)
class LoadMember:
    """One member of staff as of now, whole, as an operator's file states them."""

    member: MemberPublished


@dataclass(frozen=True, slots=True)
class AppointAdministrator:
    """An agency's administrator, by the operator: how the first one comes to be."""

    person: str
    agency: str


@dataclass(frozen=True, slots=True)
class EmployMember:
    """A new member of the acting administrator's own agency."""

    member: MemberPublished


@dataclass(frozen=True, slots=True)
class ChangeMember:
    """Another state of a member of the own agency."""

    person: str
    roles: tuple[str, ...]
    unit: str | None
    kabupaten: tuple[str, ...]
    language: str
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class SuspendMember:
    """Shut a person out, at once."""

    person: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReinstateMember:
    """Let a person in again."""

    person: str


@commands.command(LoadMember, needs=lambda c: [Member.ref(c.member.person)])
def load_member(command: LoadMember, work: Work) -> Member:
    """Keep the member and publish them; what is unchanged is not published again. Who is shut out stays so."""
    _check_agency(command.member.agency)
    known = work.find(Member, command.member.person)
    told = member_from(command.member)
    if known is not None:
        # The file knows neither who was shut out nor from what somebody is kept out, and must not undo either.
        told = told.evolve(excluded=known.excluded, active=told.active and not known.suspended_for)
    return tell(work, (known or told).evolve(**_state(told)), known)


@commands.command(AppointAdministrator, needs=lambda c: [Member.ref(c.person)])
def appoint_administrator(command: AppointAdministrator, work: Work) -> Member:
    """Make a person the administrator of an agency; whoever works for another agency is refused."""
    _check_agency(command.agency)
    known = work.find(Member, command.person)
    if known is not None and known.agency != command.agency:
        raise Reject("WORKS_ELSEWHERE", Kind.CONFLICT)
    member = known or Member(id=command.person, agency=command.agency, roles=(), valid_from=work.now)
    return tell(work, member.evolve(roles=tuple(sorted({*member.roles, ADMINISTRATOR}))), known)


@commands.command(EmployMember, needs=lambda c: [Member.ref(c.member.person)])
def employ_member(command: EmployMember, work: Work) -> Member:
    """Take a person into the own agency."""
    told = member_from(command.member)
    if told.agency != acting(work).agency:
        raise Reject("NOT_YOUR_AGENCY", Kind.FORBIDDEN)
    if work.find(Member, told.id) is not None:
        raise Reject("PERSON_KNOWN", Kind.CONFLICT)
    check_roles(staff_roles(), told.roles, told.agency)
    return tell(work, told, None)


@commands.command(ChangeMember, needs=lambda c: [Member.ref(c.person)])
def change_member(command: ChangeMember, work: Work) -> Member:
    """Give and take roles, places and time of service; nobody changes their own."""
    member = _other(work, command.person)
    check_roles(staff_roles(), command.roles, member.agency, member.roles)
    if command.valid_to is not None and command.valid_to <= member.valid_from:
        raise invalid("ENDS_BEFORE_IT_BEGINS", "/valid_to")
    changed = member.evolve(
        roles=command.roles,
        unit=command.unit,
        kabupaten=command.kabupaten,
        language=command.language,
        valid_to=command.valid_to,
    )
    return tell(work, changed, member)


@commands.command(SuspendMember, needs=lambda c: [Member.ref(c.person)])
def suspend_member(command: SuspendMember, work: Work) -> Member:
    """The kill switch: the person is nobody here from now on, and within five seconds everywhere."""
    check_reason(command.reason)
    member = _other(work, command.person)
    return tell(work, member.evolve(active=False, suspended_for=command.reason), member)


@commands.command(ReinstateMember, needs=lambda c: [Member.ref(c.person)])
def reinstate_member(command: ReinstateMember, work: Work) -> Member:
    """Undo it."""
    member = _other(work, command.person)
    if member.suspended_for is None:
        raise Reject("NOT_SUSPENDED")
    return tell(work, member.evolve(active=True, suspended_for=None), member)


def check_reason(code: str) -> None:
    """Raise Reject for a reason that is none of the list's."""
    if code not in suspension_reasons():
        raise invalid("UNKNOWN_REASON", "/reason")


def _other(work: Work, person: str) -> Member:
    """The member, who is not the one that acts; an operator acts as nobody."""
    if work.cause.actor is not None and work.cause.actor.person == person:
        raise Reject("NOT_ONESELF", Kind.FORBIDDEN)
    return work.get(Member, person)


def _check_agency(office: str) -> None:
    if not is_office_here(office):
        raise invalid("UNKNOWN_AGENCY", "/agency")


def tell(work: Work, member: Member, known: Member | None) -> Member:
    """Save and publish what differs from what was known."""
    if known is not None and _state(known) == _state(member) and known.suspended_for == member.suspended_for:
        return known
    work.put(member.evolve(told_at=work.now))
    published = MemberPublished(occurred_at=work.now, person=member.id, **_state(member))
    work.emit(published, key=member.id)
    return work.get(Member, member.id)


def _state(member: Member) -> dict[str, object]:
    return member.model_dump(exclude=OWN)
