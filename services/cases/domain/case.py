"""The coordination case: thin, it links the files that the agencies own."""

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from services.cases.domain.risk import RiskEntry, highest, reassessed
from services.cases.domain.seal import CaseSeal
from services.cases.domain.workflow import Workflow
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Kind, Reject, invalid


class Person(BaseModel):
    """A person of the case, by reference. `status` is intake's word for what screening found."""

    model_config = ConfigDict(frozen=True)

    subject_ref: str
    role: str
    """SUBJECT, whom the case is about, or FAMILY."""
    status: str
    round: int
    sex: str
    age_band: str
    as_child: bool
    kabupaten: str | None


class Grant(BaseModel):
    """An agency that may see the case, because of one referral; `consents` are the purposes it rests on.

    A referral on another legal basis rests on no consent.
    """

    model_config = ConfigDict(frozen=True)

    agency: str
    referral_ref: str
    consents: tuple[str, ...]


class Case(Aggregate):
    """One coordination case. `proposed_lead` leads as soon as one of its members takes the case."""

    collection: ClassVar[str] = "cases"
    unique: ClassVar[tuple[tuple[str, ...], ...]] = (("case_no",),)

    case_no: str
    state: str = "DRAFT"
    source: str
    host: str
    abroad: bool
    persons: tuple[Person, ...]
    proposed_lead: str
    lead: str | None = None
    manager: str | None = None
    consent_known: bool = False
    risk: str | None = None
    risks: tuple[RiskEntry, ...] = ()
    grants: tuple[Grant, ...] = ()
    referrals: tuple[str, ...] = ()
    """All that were ever sent for it, by reference."""
    files: tuple[str, ...] = ()
    """The agencies' files that were begun for it, by reference."""
    tasks: tuple[str, ...] = ()
    """What its manager has to do, by reference."""
    access: tuple[str, ...] = ()
    """All that was ever given for a time, by reference."""
    handed_at: datetime
    """When intake handed the person over."""
    seal: CaseSeal | None = None
    """For whom alone it is there, where it is sealed."""

    def concerns(self) -> tuple[str, ...]:
        """The case and its persons."""
        return (f"case|{self.id}", *(f"subject|{person.subject_ref}" for person in self.persons))

    def owners(self) -> tuple[str, ...]:
        """The leading office, or the one that should lead."""
        return (self.lead or self.proposed_lead,)

    def person(self, subject_ref: str) -> Person:
        """The person of this reference; raises Reject where the case has none."""
        for person in self.persons:
            if person.subject_ref == subject_ref:
                return person
        raise invalid("NOT_OF_THE_CASE", "/subject_ref")

    def office_of(self, agency_code: str) -> str | None:
        """The office of this agency that holds the case's number: who leads or should lead it, or was asked in."""
        holders = (self.lead or self.proposed_lead, *(grant.agency for grant in self.grants))
        return next((office for office in holders if office.rpartition("-")[0] == agency_code), None)

    def offices_granted(self) -> tuple[str, ...]:
        """The offices that were asked in and may see it, each once."""
        return tuple(dict.fromkeys(grant.agency for grant in self.grants))

    def sealed_from(self, office: str) -> bool:
        """Whether it is sealed without naming this office, so that nothing of it goes to the office's systems."""
        return self.seal is not None and office not in self.seal.offices

    def screened(self, subject_ref: str, status: str, entry: RiskEntry | None, round_: int) -> "Case":
        """With the outcome of a screening round; an earlier round than the one known changes nothing."""
        person = self.person(subject_ref)
        if round_ <= person.round:
            return self
        changed = person.model_copy(update={"status": status, "round": round_})
        persons = tuple(changed if p.subject_ref == subject_ref else p for p in self.persons)
        risks = self.risks if entry is None else reassessed(self.risks, entry)
        return self.evolve(persons=persons, risks=risks, risk=highest(risks))

    def legal_moves(self, flow: Workflow) -> tuple[str, ...]:
        """What a person may do with the case now; a draft is taken only once."""
        return flow.legal_moves(self.state) if self.manager is None else ()

    def taken(self, flow: Workflow, manager: str) -> "Case":
        """With its lead and this manager; raises Reject where it has one."""
        legal = self.legal_moves(flow)
        if "TAKE" not in legal:
            raise Reject("ILLEGAL_MOVE", Kind.ILLEGAL_MOVE, legal_moves=legal)
        return self.evolve(lead=self.proposed_lead, manager=manager).settled()

    def consent_heard(self) -> "Case":
        """With the consent state known: the person has answered at least once, yes or no."""
        return self if self.consent_known else self.evolve(consent_known=True).settled()

    def settled(self) -> "Case":
        """OPEN as soon as lead, manager and consent state are known."""
        if self.state == "DRAFT" and self.lead and self.manager and self.consent_known:
            return self.evolve(state="OPEN")
        return self

    def accepted(self) -> "Case":
        """ACTIVE with the first accepted referral."""
        return self.evolve(state="ACTIVE") if self.state == "OPEN" else self

    def granted(self, grant: Grant) -> "Case":
        """With one more grant, and the referral that it comes from."""
        return self.evolve(grants=(*self.grants, grant), referrals=(*self.referrals, grant.referral_ref))

    def all_referrals(self) -> tuple[str, ...]:
        """The references of its referrals, each once."""
        return tuple(dict.fromkeys((*self.referrals, *(grant.referral_ref for grant in self.grants))))

    def with_file(self, file_ref: str) -> "Case":
        """With one more file."""
        return self.evolve(files=(*self.files, file_ref))

    def with_task(self, task_ref: str) -> "Case":
        """With one more task of its manager's."""
        return self.evolve(tasks=(*self.tasks, task_ref))

    def ungranted(self, *ended: Grant) -> "Case":
        """Without these grants."""
        return self.evolve(grants=tuple(grant for grant in self.grants if grant not in ended))

    def needs_identity(self, leaving: str) -> tuple[str, ...]:
        """Why somebody still has to know who its people are, after this office has nothing to do with them any more:
        codes of intake's schedule."""
        others = self.grants or (self.lead or self.proposed_lead) != leaving
        reasons = {"AGENCY_FILE": self.files, "CASE_OPEN": self.state != "DRAFT", "OTHER_CONTROLLER": others}
        return tuple(code for code, holds in reasons.items() if holds)

    def resting_on(self, subject_ref: str, purpose: str) -> tuple[Grant, ...]:
        """The grants that end when this person takes back this consent."""
        self.person(subject_ref)
        return tuple(grant for grant in self.grants if purpose in grant.consents)


class Participant(Aggregate):
    """Where a person's case is; its id is the person's `subject_ref`."""

    collection: ClassVar[str] = "participants"
    has_timeline: ClassVar[bool] = False

    case_ref: str
