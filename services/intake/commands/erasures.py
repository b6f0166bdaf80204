"""Ending the knowledge of who somebody was. Decided in a transaction; the clock process then destroys the key."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.intake.domain.interdiction import Interdiction
from services.intake.domain.retention import Verdict, poskos_of, verdict
from services.intake.domain.schedule import Step
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Erasure, Sealed, Vault
from services.intake.schedule import retention, schedule
from shared.events.intake_v1 import SubjectErased
from shared.kernel.aggregate import Need
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

commands = Rulebook()


class ApplyRetention(BaseModel):
    """Let a rule of the schedule act on a person, if it applies when this is decided."""

    model_config = ConfigDict(frozen=True)

    subject: str
    rule: str


class EraseAgain(BaseModel):
    """The ledger says that this person was erased, and a restored back-up says otherwise."""

    model_config = ConfigDict(frozen=True)

    subject: str


class EraseStop(BaseModel):
    """End what was sealed of a stop itself, once all its people's identities are gone."""

    model_config = ConfigDict(frozen=True)

    interdiction: str
    people: tuple[str, ...]


class NoteDestroyed(BaseModel):
    """The key of this owner is destroyed, and the ledger has it."""

    model_config = ConfigDict(frozen=True)

    owner: str


def erasing(subject: str) -> Iterable[Need]:
    """What `erase` looks at."""
    return [Subject.ref(subject), Vault.ref(subject), Erasure.ref(subject)]


def erase(subject: Subject, reason: str, work: Work) -> Subject:
    """The person erased: hashes and ciphertexts go now, the key within moments; saved, and told to others."""
    gone = subject.evolve(erased_at=work.now)
    work.put(gone, "ERASED", reason=reason)
    bury(subject.id, reason, work)
    erased = SubjectErased(occurred_at=work.now, subject_ref=subject.id, report_ref=subject.report_ref, reason=reason)
    work.emit(erased, key=subject.id)
    return gone


def bury(owner: str, reason: str, work: Work) -> None:
    """Empty an owner's vault, and order the end of its key."""
    vault = work.find(Vault, owner) or Vault(id=owner, sealed=Sealed())
    work.put(vault.emptied(work.now))
    ordered = work.find(Erasure, owner) or Erasure(id=owner, reason=reason, decided_at=work.now)
    work.put(ordered.evolve(done_at=None))


@commands.command(ApplyRetention, needs=lambda c: erasing(c.subject))
def apply_retention(command: ApplyRetention, work: Work) -> Subject:
    """Decided anew on what is there now: a hold or a hand-over that came meanwhile counts."""
    subject, rule = work.get(Subject, command.subject), retention()[command.rule]
    if verdict(subject, rule, schedule().training_consent, work.now) is not Verdict.DUE:
        return subject
    if rule.does is Step.DESTROY_KEY:
        return erase(subject, rule.code, work)
    gone = poskos_of(subject.offices)
    work.put(subject.evolve(offices=tuple(o for o in subject.offices if o not in gone)), rule.code, offices=gone)
    return work.get(Subject, subject.id)


@commands.command(EraseAgain, needs=lambda c: erasing(c.subject))
def erase_again(command: EraseAgain, work: Work) -> Subject:
    """What was erased stays erased, whatever a back-up says of holds and cases."""
    subject = work.get(Subject, command.subject)
    return subject if subject.erased_at is not None else erase(subject, "LEDGER", work)


def _stop_needs(command: EraseStop) -> Iterable[Need]:
    stop = command.interdiction
    return [Interdiction.ref(stop), Vault.ref(stop), Erasure.ref(stop), *map(Subject.ref, command.people)]


@commands.command(EraseStop, needs=_stop_needs)
def erase_stop(command: EraseStop, work: Work) -> Interdiction:
    """Only when nobody of the stop is known any more."""
    stop = work.get(Interdiction, command.interdiction)
    if stop.erased_at is not None or not all(_is_erased(work, row.subject_ref) for row in stop.people):
        return stop
    work.put(stop.evolve(erased_at=work.now), "ERASED")
    bury(stop.id, "STOP", work)
    return work.get(Interdiction, stop.id)


@commands.command(NoteDestroyed, needs=lambda c: [Erasure.ref(c.owner)])
def note_destroyed(command: NoteDestroyed, work: Work) -> Erasure:
    """The order is carried out."""
    ordered = work.get(Erasure, command.owner)
    if ordered.done_at is None:
        work.put(ordered.evolve(done_at=work.now))
    return work.get(Erasure, command.owner)


def _is_erased(work: Work, subject: str) -> bool:
    found = work.find(Subject, subject)
    return found is None or found.erased_at is not None


def is_old_enough(stop: Interdiction, now: datetime) -> bool:
    """Whether a stop's own details have served their time: as long as the longest rule for those stopped."""
    rules = [rule for rule in retention().values() if "INTERDICTION" in rule.came_by]
    return all(now >= rule.due(stop.recorded_at, in_training=False) for rule in rules)
