"""Who plays: the offices' staff, nine people with a recruiter at El Tari, and a returnee. All of them are made up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.demo.canaries import Canaries
from shared.kernel.ids import new_id

STAFF_FILE = Path(__file__).with_name("staff.yaml")
RECIPIENTS_FILE = Path(__file__).with_name("recipients.yaml")


@dataclass(frozen=True)
class Officer:
    """A member of staff, as in `staff.yaml`; `who` is how the story calls them."""

    ref: str
    office: str
    who: str


OFFICERS: Mapping[str, Officer] = {
    officer.ref: officer
    for officer in (
        Officer("O-01", "NAKER_PROV-53", "posko officer at El Tari"),
        Officer("O-02", "GT_KAB-53.02", "task force, Timor Tengah Selatan"),
        Officer("O-03", "GT_KAB-53.03", "task force, Timor Tengah Utara"),
        Officer("O-04", "GT_KAB-53.21", "task force, Malaka"),
        Officer("O-20", "UPTD_PPA-53.71", "intake officer, unit for women and children"),
        Officer("O-21", "UPTD_PPA-53.71", "case manager, unit for women and children"),
        Officer("O-40", "BP3MI-53", "officer for returning migrant workers"),
        Officer("O-51", "LPSK-53", "officer of the witness and victim protection agency"),
        Officer("O-60", "POLRI-53", "police officer"),
        Officer("O-70", "DINSOS-53.21", "social affairs, Malaka"),
        Officer("O-80", "DPO-53", "data protection officer"),
    )
}

HOMES = ("53.02",) * 5 + ("53.03",) * 3 + ("53.21",)
WOMEN = frozenset({"P-004", "P-007", "P-009"})
VILLAGES = {"53.02": "53.02.01.1003", "53.03": "53.03.01.2025", "53.21": "53.21.01.2003"}


@dataclass(frozen=True)
class Person:
    """Somebody the story is about. `label` is for the story, `ref` for the platform, `said` what they say."""

    label: str
    sex: str
    home: str
    said: Mapping[str, Any]
    ref: str = field(default_factory=new_id)

    def body(self, **more: Any) -> dict[str, Any]:
        """The person as a request carries them."""
        return {"ref": self.ref, "sex": self.sex, "kabupaten": self.home, "identity": dict(self.said), **more}


def stopped(canaries: Canaries) -> Sequence[Person]:
    """P-001 to P-009. P-004's identity card is with the recruiter; P-007 has none either."""
    return [_person(f"P-{number:03}", home, canaries) for number, home in enumerate(HOMES, start=1)]


def returnee(canaries: Canaries) -> Person:
    """V-040, who comes home from abroad."""
    return _person("V-040", "53.21", canaries)


def _person(label: str, home: str, canaries: Canaries) -> Person:
    woman = label in WOMEN
    said: dict[str, Any] = {
        "full_name": canaries.text(f"name of {label}"),
        "nik": canaries.nik(label, home, woman=woman),
        "phones": [canaries.phone(label)],
        "village": canaries.village(VILLAGES[home]),
    }
    if label == "P-007":
        said = {"aliases": [canaries.text(f"alias of {label}")]}
    return Person(label, "F" if woman else "M", home, said)


def recruiter(canaries: Canaries) -> dict[str, Any]:
    """R-001, who paid nine tickets and waits in a car."""
    return {
        "kind": "PERSON",
        "name": canaries.text("name of R-001"),
        "phone": canaries.phone("R-001"),
        "note": canaries.text("what is said of R-001"),
    }
