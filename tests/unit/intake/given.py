"""Fictional people and officers for tests of intake's rules."""

from datetime import timedelta
from typing import Any

from services.intake.commands.interdictions import Journey, RecordInterdiction, Stopped
from services.intake.commands.screenings import Screen
from services.intake.commands.subjects import RegisterSubject, Taken
from services.intake.domain.age import Age, AgeBasis, AgeClaim
from services.intake.domain.recruiter import RecruiterContact, RecruiterKind
from services.intake.domain.screening import Answers
from services.intake.domain.states import SubjectState
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Sealed
from shared.kernel.context import Actor
from tests.support.pure import NOW

POSKO = Actor(person="O-01", agency="NAKER_PROV-53", roles=frozenset({"POSKO_OFFICER"}))
UPTD = Actor(person="O-20", agency="UPTD_PPA-53.71", roles=frozenset({"INTAKE_OFFICER"}))
STOPPED_AT = NOW - timedelta(minutes=40)
SEALED = Sealed(c3=b"identity")
ADULT = Age(band="18-24", basis=AgeBasis.KTP, doubt=False, as_child=False)
CHILD = Age(band="15-17", basis=AgeBasis.AKTA, doubt=False, as_child=True)
EL_TARI = Journey(
    checkpoint="KOE", kabupaten="53.71", carrier="AIRLINE-1", transport_no="F-1", destination="61.71", transit=("SUB",)
)


def person(number: int, kabupaten: str | None = "53.02", sex: str = "M", **more: Any) -> Stopped:
    """Somebody who was stopped."""
    claim = more.pop("age", AgeClaim(years=24, basis=AgeBasis.KTP))
    return Stopped(ref=f"P-{number:03}", sex=sex, kabupaten=kabupaten, age=claim, sealed=SEALED, **more)


def recruiter(number: int = 1, tie: str = "UNKNOWN") -> RecruiterContact:
    """Somebody who waits in a car."""
    return RecruiterContact(ref=f"R-{number:03}", kind=RecruiterKind.PERSON, tie=tie, sealed=b"sealed")


def stop(*people: Stopped, **more: Any) -> RecordInterdiction:
    """A stop at El Tari with these people."""
    fields: dict[str, Any] = {
        "ref": "I-001",
        "occurred_at": STOPPED_AT,
        "journey": EL_TARI,
        "members": ("NAKER", "TNI_AU"),
        "legal_basis": "PERMENAKER_18_2024",
        "claims_company": True,
        "people": people,
        "recruiters": (recruiter(),),
        "sealed": None,
    }
    return RecordInterdiction(**fields | more)


def subject(state: SubjectState = SubjectState.SCREENING, **more: Any) -> Subject:
    """Somebody in intake."""
    fields: dict[str, Any] = {
        "id": "P-004",
        "version": 1,
        "report_ref": "I-001",
        "source": "INTERDICTION",
        "agency": POSKO.agency,
        "registered_by": POSKO.person,
        "offices": (POSKO.agency,),
        "host": "53.71",
        "kabupaten": "53.02",
        "sex": "F",
        "age": ADULT,
        "state": state,
    }
    return Subject(**fields | more)


def returnee() -> RegisterSubject:
    """Somebody who comes home from abroad."""
    taken = Taken(ref="V-040", sex="F", kabupaten="53.02", age=AgeClaim(), sealed=SEALED)
    return RegisterSubject(
        report_ref="B-001", occurred_at=STOPPED_AT, source="KEMLU", host="53.71", abroad=True, person=taken
    )


def told(*indicators: str, facts: tuple[str, ...] = (), private: bool = True, confirmed: bool = True) -> Screen:
    """A screening round of P-004 with these answers."""
    answers = Answers(indicators=frozenset(indicators), facts=frozenset(facts), private=private, confirmed=confirmed)
    return Screen(subject="P-004", occurred_at=NOW, answers=answers, sealed=b"answers")
