"""A person in intake: a reference with a state. Who it is lies in the vault alone."""

from datetime import datetime
from typing import ClassVar

from services.intake.domain import states
from services.intake.domain.age import Age
from services.intake.domain.consent import Consent
from services.intake.domain.states import SubjectState
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Reject


class Subject(Aggregate):
    """What intake holds of a person outside the vault.

    `report_ref` is the stop or report through which the person came, `host` the kabupaten where they are now and
    `kabupaten` the one they come from; `offices` may work with the person; `finding` is the last screening's result
    and stays apart from `state`, since screening goes on after a hand-over; `presumed` stays true from the first
    presumption on.
    """

    collection: ClassVar[str] = "subjects"
    unique: ClassVar[tuple[tuple[str, ...], ...]] = (("case_ref",),)

    report_ref: str
    source: str
    agency: str
    registered_by: str
    offices: tuple[str, ...]
    host: str
    kabupaten: str | None
    sex: str
    age: Age
    abroad: bool = False
    state: SubjectState = SubjectState.REGISTERED
    finding: SubjectState | None = None
    presumed: bool = False
    risk: str | None = None
    rounds: int = 0
    consents: tuple[Consent, ...] = ()
    case_ref: str | None = None
    manager: str | None = None
    training_at: datetime | None = None
    """When they took a place at a training centre."""
    restrictions: tuple[str, ...] = ()
    """Granted requests for which nothing may be done with their data but keep them (UU 27/2022 Art 41)."""
    erasures: tuple[str, ...] = ()
    """The controllers that granted an erasure."""
    kept_for: tuple[str, ...] = ()
    """Why case work still needs the identity, as it said when it was asked."""
    holds: tuple[str, ...] = ()
    """Legal holds in force, by reference."""
    erased_at: datetime | None = None
    """When it was decided that nobody can know any more who this was."""

    def concerns(self) -> tuple[str, ...]:
        """The person."""
        return (f"subject|{self.id}",)

    def owners(self) -> tuple[str, ...]:
        """The offices that may work with the person."""
        return self.offices

    @property
    def came_as(self) -> SubjectState:
        """What the person is where a private screening brings up nothing.

        Who was presumed a victim once never becomes a worker by being silent later: it stays open.
        """
        if self.presumed:
            return SubjectState.UNDETERMINED
        if self.source == "INTERDICTION":
            return SubjectState.PROSPECTIVE_WORKER
        return SubjectState.RETURNEE_NON_TIP if self.abroad else SubjectState.UNDETERMINED

    @property
    def in_case_work(self) -> bool:
        """Whether cases has the person, or is about to."""
        return self.state is SubjectState.HANDED_TO_CASE

    def needs(self) -> tuple[str, ...]:
        """Why the identity has to stay although an erasure was granted; nothing means that the key can die."""
        reasons = (("LEGAL_HOLD",) if self.holds else ()) + (("OTHER_CONTROLLER",) if self.offices else ())
        return tuple(dict.fromkeys((*reasons, *self.kept_for)))

    def refuse_closed(self) -> None:
        """Raise Reject where nothing may be done with this person's data: restricted, or erased."""
        self.refuse_erased()
        if self.restrictions:
            raise Reject("RESTRICTED")

    def refuse_erased(self) -> None:
        """Raise Reject where nobody can know any more who this was."""
        if self.erased_at is not None:
            raise Reject("ERASED")

    def closed_to(self, office: str) -> "Subject":
        """The same person, with whom this office has nothing to do any more."""
        return self.evolve(
            offices=tuple(o for o in self.offices if o != office),
            erasures=tuple(dict.fromkeys((*self.erasures, office))),
        )

    def moved(self, target: SubjectState) -> "Subject":
        """The person one step further; raises Reject ILLEGAL_MOVE."""
        return self.evolve(state=states.step(self.state, target))

    def screened(self, found: SubjectState, risk: str | None) -> "Subject":
        """The person after one more round; raises Reject ILLEGAL_MOVE."""
        return self.evolve(
            state=states.screened(self.state, found),
            finding=found,
            presumed=self.presumed or found is SubjectState.PRESUMED_VICTIM,
            risk=risk,
            rounds=self.rounds + 1,
        )

    def open_to(self, *offices: str) -> "Subject":
        """The same person, with whom these offices may work as well."""
        return self.evolve(offices=tuple(dict.fromkeys((*self.offices, *offices))))


def stopped(subject: Subject, *, signs: bool) -> Subject:
    """A person just stopped before a departure: a prospective worker, and screened where there are signs or a doubt.

    Nobody becomes a victim here: a stop is no finding.
    """
    worker = subject.moved(SubjectState.PROSPECTIVE_WORKER)
    return worker.moved(SubjectState.SCREENING) if signs or subject.age.as_child else worker
