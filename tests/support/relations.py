"""How a member of staff can stand to each kind of thing, as things made for that member.

A relation is the fields of a thing that stands so to whoever asks; everything that policies may ask of it is there.
"""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor

HERE, ELSEWHERE = "53.02", "53.71"
"""The regency that things are in, and the one that a member answers for who answers for another."""
SOMEBODY, COLLEAGUE = "O-98", "O-99"
OTHERS, THIRD = "UPTD_PPA-53.20", "LPSK-53.20"
CASE, PERSON = "case-1", "V-020"

Fields = dict[str, Any]
Relation = Callable[[Actor], Fields]


def _case(**more: Any) -> Fields:
    return {
        "state": "OPEN",
        "host": HERE,
        "proposed_lead": OTHERS,
        "lead": OTHERS,
        "manager": SOMEBODY,
        "grants": (),
    } | more


def _led(a: Actor, manager: str | None) -> Fields:
    return _case(proposed_lead=a.agency, lead=a.agency, manager=manager)


def _referral(**more: Any) -> Fields:
    return {"state": "PENDING", "sender": OTHERS, "agency": THIRD, "open_to": THIRD, "manager": SOMEBODY} | more


def _file(**more: Any) -> Fields:
    return {"agency": THIRD, "lead": OTHERS, "manager": SOMEBODY} | more


def _person(**more: Any) -> Fields:
    usual = {"agency": OTHERS, "registered_by": SOMEBODY, "offices": (OTHERS,), "host": HERE, "state": "SCREENING"}
    return usual | {"manager": None, "case_ref": None} | more


def _taken_in(a: Actor, **more: Any) -> Fields:
    return _person(agency=a.agency, registered_by=a.person, offices=(a.agency,)) | more


def _stop(**more: Any) -> Fields:
    return {"agency": OTHERS, "offices": (THIRD,), "kabupaten": HERE, "state": "DEPARTURE_POSTPONED"} | more


def _owned(name: str) -> Mapping[str, Relation]:
    """Things that belong to an office and to nothing else."""
    return {"own": lambda a: {name: a.agency}, "foreign": lambda a: {name: OTHERS}}


RELATIONS: Mapping[str, Mapping[str, Relation]] = {
    "Case": {
        "own": lambda a: _led(a, a.person),
        "own-elsewhere": lambda a: _led(a, a.person),
        "colleagues": lambda a: _led(a, COLLEAGUE),
        "colleagues-elsewhere": lambda a: _led(a, COLLEAGUE),
        "draft": lambda a: _case(state="DRAFT", proposed_lead=a.agency, lead=None, manager=None),
        "shared": lambda a: _case(grants=(SimpleNamespace(agency=a.agency),)),
        "foreign": lambda a: _case(grants=(SimpleNamespace(agency=THIRD),)),
    },
    "Consent": {"of-what-was-found": lambda a: {"subject_ref": PERSON}},
    "EmergencyAccess": _owned("tell"),
    "AccessGrant": {"of-what-was-found": lambda a: {}},
    "Referral": {
        "own": lambda a: _referral(sender=a.agency, manager=a.person),
        "colleagues": lambda a: _referral(sender=a.agency, manager=COLLEAGUE),
        "shared": lambda a: _referral(agency=a.agency, open_to=a.agency),
        "closed": lambda a: _referral(agency=a.agency, open_to=None, state="REJECTED"),
        "foreign": lambda a: _referral(),
    },
    "AgencyFile": {
        "own": lambda a: _file(agency=a.agency),
        "managed": lambda a: _file(lead=a.agency, manager=a.person),
        "colleagues": lambda a: _file(lead=a.agency, manager=COLLEAGUE),
        "foreign": lambda a: _file(),
    },
    "Task": {
        "own": lambda a: {"agency": a.agency, "assignee": a.person},
        "offices": lambda a: {"agency": a.agency, "assignee": None},
        "colleagues": lambda a: {"agency": a.agency, "assignee": COLLEAGUE},
        "foreign": lambda a: {"agency": OTHERS, "assignee": None},
    },
    "Member": {
        "oneself": lambda a: {"id": a.person, "agency": a.agency},
        "colleague": lambda a: {"agency": a.agency},
        "foreign": lambda a: {"agency": OTHERS},
    },
    "Office": {"own": lambda a: {"id": a.agency}, "foreign": lambda a: {"id": OTHERS}},
    "Breach": _owned("agency"),
    "Interdiction": {
        "own": lambda a: _stop(agency=a.agency),
        "own-elsewhere": lambda a: _stop(agency=a.agency),
        "told": lambda a: _stop(offices=(a.agency,)),
        "foreign": lambda a: _stop(),
    },
    "Subject": {
        "own": lambda a: _taken_in(a),
        "own-elsewhere": lambda a: _taken_in(a),
        "shared": lambda a: _person(offices=(OTHERS, a.agency)),
        "handed": lambda a: _taken_in(a, state="HANDED_TO_CASE", manager=SOMEBODY, case_ref=CASE),
        "managed": lambda a: _person(state="HANDED_TO_CASE", manager=a.person, case_ref=CASE),
        "colleagues": lambda a: _person(state="HANDED_TO_CASE", manager=COLLEAGUE, case_ref=CASE),
        "foreign": lambda a: _person(state="HANDED_TO_CASE", manager=SOMEBODY, case_ref=CASE),
    },
    "ScreeningRound": {"of-what-was-found": lambda a: {"agency": OTHERS}},
    "RightsRequest": _owned("agency"),
    "LegalHold": _owned("agency"),
    "Seal": {"any": lambda a: {}},
    "Notice": _owned("office"),
    "Delivery": _owned("office"),
}
"""Kind → relation → its fields. What is `elsewhere` is asked for by a member who answers for another regency."""

USUAL: Fields = {
    "state": "OPEN", "case_ref": CASE, "subject_ref": PERSON, "subjects": (PERSON,), "about": SimpleNamespace(ref=CASE),
    "named": (SimpleNamespace(ref=CASE), SimpleNamespace(ref=PERSON)),
}  # fmt: skip


def related(kind: type[Aggregate], relation: str, actor: Actor) -> Aggregate:
    """A thing that stands so to the actor."""
    fields = {"id": f"{kind.__name__}-{relation}"} | USUAL | RELATIONS[kind.__name__][relation](actor)
    return kind.model_construct(**fields)


def references(thing: Aggregate, field: str) -> frozenset[str]:
    """The references that stand there."""
    found = getattr(thing, field)
    return frozenset(found if isinstance(found, tuple) else filter(None, [getattr(found, "ref", found)]))
