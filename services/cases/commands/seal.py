"""Sealing a case: from then on it is there for those named alone, here at once and everywhere within five seconds."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from services.cases.catalogue import seal_reasons, unseal_reasons
from services.cases.domain.agency_file import AgencyFile
from services.cases.domain.case import Case
from services.cases.domain.seal import CaseSeal, NamedPerson, is_of_lpsk
from services.cases.effects import end_grants, point, take_back
from services.cases.openings import end_access
from shared.events.case_v1 import SealMade
from shared.events.staff_v1 import SealPublished
from shared.kernel.acting import acting
from shared.kernel.aggregate import Need
from shared.kernel.errors import Kind, Reject, invalid
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work
from shared.reference.agencies import is_office_here
from shared.security.audit.watch import watch_list
from shared.security.seals import Seal, seal_from
from shared.security.staff import Member

commands = Rulebook()

SUPERVISES = "SUPERVISOR"


@dataclass(frozen=True, slots=True)
class SealCase:
    """For whom alone the case shall be there, beside its manager and whoever seals it; whoever was named before is not
    any more."""

    case: str
    people: tuple[str, ...]
    offices: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class UnsealCase:
    """Open it again to those whom their roles open it to."""

    case: str
    reason: str


def _needs(command: SealCase) -> Iterable[Need]:
    yield Case.ref(command.case).then(lambda case: Member.ref(case.manager) if case and case.manager else None)
    yield from (Member.ref(person) for person in command.people)


@commands.command(SealCase, needs=_needs)
def seal_case(command: SealCase, work: Work) -> Case:
    """What rests on nobody named ends as if a consent had been taken back, and what has not left yet stays here."""
    if command.reason not in seal_reasons():
        raise invalid("UNKNOWN_REASON", "/reason")
    case = work.get(Case, command.case)
    seal = _seal(command, case, work)
    _check(seal, case, work)
    ended = tuple(grant for grant in case.grants if not seal.reaches(grant.agency))
    _withdraw(work, case, seal, {grant.agency for grant in ended})
    after = end_grants(work, case, ended, "SEALED").evolve(seal=seal)
    end_access(work, after)
    work.put(after, "CASE_SEALED", people=seal.persons, offices=seal.offices, reason=seal.reason)
    _close_files(work, after)
    tell_seal(work, after, seal)
    work.emit(SealMade(occurred_at=work.now, seal_ref=seal.ref, tell=watch_list().tell), key=seal.ref)
    return work.get(Case, case.id)


@commands.command(UnsealCase, needs=lambda c: [Case.ref(c.case)])
def unseal_case(command: UnsealCase, work: Work) -> Case:
    """What ended with the sealing does not begin again: whoever shall come back in is asked anew."""
    if command.reason not in unseal_reasons():
        raise invalid("UNKNOWN_REASON", "/reason")
    case, actor = work.get(Case, command.case), acting(work)
    seal = case.seal
    if seal is None:
        raise Reject("NOT_SEALED")
    if seal.is_lpsks(case.offices_granted()) and not is_of_lpsk(actor.agency):
        raise Reject("LPSK_DECIDES", Kind.FORBIDDEN)
    after = case.evolve(seal=None)
    work.put(after, "CASE_UNSEALED", reason=command.reason)
    _close_files(work, after)
    tell_seal(work, after, seal)
    for office in after.offices_granted():
        if office not in seal.offices:
            point(work, after, office, "CASE_CHANGED")
    return work.get(Case, case.id)


def tell_seal(work: Work, case: Case, seal: CaseSeal) -> None:
    """Save and publish, for each reference of the case, for whom it is there."""
    refs = {
        case.id: "CASE",
        **dict.fromkeys((person.subject_ref for person in case.persons), "SUBJECT"),
        **dict.fromkeys(case.all_referrals(), "REFERRAL"),
    }
    for ref, kind in refs.items():
        published = SealPublished(
            occurred_at=work.now,
            ref=ref,
            seal_ref=seal.ref,
            kind=kind,
            people=seal.persons,
            offices=seal.offices,
            active=case.seal is not None,
            since=seal.made_at,
        )
        known, told = work.find(Seal, ref), seal_from(published)
        own = {"id", "version", "created_at", "updated_at"}
        work.put(known.evolve(**told.model_dump(exclude=own)) if known else told)
        work.emit(published, key=ref)


def _seal(command: SealCase, case: Case, work: Work) -> CaseSeal:
    """Its manager and whoever seals it are always named, so that it is left with nobody."""
    if case.manager is None:
        raise Reject("NOT_TAKEN")
    actor, before = acting(work), case.seal
    if not all(is_office_here(office) for office in command.offices):
        raise invalid("UNKNOWN_AGENCY", "/offices")
    named = {person: _agency_of(person, work) for person in (*command.people, case.manager)} | {
        actor.person: actor.agency
    }
    return CaseSeal(
        ref=before.ref if before else work.new_id(),
        people=tuple(NamedPerson(person=person, agency=named[person]) for person in sorted(named)),
        offices=tuple(sorted({*command.offices})),
        reason=command.reason,
        made_by=actor.person,
        made_at=before.made_at if before else work.now,
    )


def _agency_of(person: str, work: Work) -> str:
    member = work.find(Member, person)
    if member is None:
        raise invalid("UNKNOWN_PERSON", "/people")
    return member.agency


def _check(seal: CaseSeal, case: Case, work: Work) -> None:
    """Somebody must be named who may open it again; and whom LPSK named, LPSK alone takes out."""
    before, granted = case.seal, case.offices_granted()
    if before and before.is_lpsks(granted) and not is_of_lpsk(acting(work).agency) and before.lpsk - seal.lpsk:
        raise Reject("LPSK_DECIDES", Kind.FORBIDDEN)
    supervisors = (work.find(Member, named.person) for named in seal.people if named.agency == case.lead)
    supervised = any(member is not None and SUPERVISES in member.roles for member in supervisors)
    if not (supervised or case.lead in seal.offices or seal.is_lpsks(granted)):
        raise invalid("NOBODY_TO_UNSEAL", "/people")


def _withdraw(work: Work, case: Case, seal: CaseSeal, ending: Collection[str]) -> None:
    """What waits to leave for an office that is not named is taken back, and the office is asked to delete what it has.

    Also where some of its people are named, for its systems serve all of them. Those whose grant is `ending` are told
    with that.
    """
    files = (work.get(AgencyFile, ref).agency for ref in case.files)
    offices = tuple(dict.fromkeys((*case.offices_granted(), *files)))
    for office in offices:
        if office in seal.offices or case.sealed_from(office):
            continue  # an office that was told before is told nothing more
        take_back(work, case, office, others=offices)
        if office not in ending:
            point(work, case, office, "ACCESS_ENDED")


def _close_files(work: Work, case: Case) -> None:
    """The files keep a copy, so that an agency's fact is set aside without looking at the case."""
    for ref in case.files:
        file = work.get(AgencyFile, ref)
        if file.sealed != case.sealed_from(file.agency):
            work.put(file.evolve(sealed=case.sealed_from(file.agency)), "FILE_SEALED" if case.seal else "FILE_UNSEALED")
