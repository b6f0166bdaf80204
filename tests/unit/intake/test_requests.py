"""What a request may say, and what becomes of it before a rule sees it."""

import json
from datetime import UTC, datetime

import pytest

from services.intake import sealing
from services.intake.api import ROUTES
from services.intake.api.interdictions import InterdictionBody, record_interdiction
from services.intake.commands import commands
from services.intake.domain.interdiction import Interdiction
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Sealed
from services.intake.parts import Parts
from services.intake.permissions import policies
from shared.http.body import parse_body
from shared.http.problems import Problem
from shared.kernel.context import Actor
from shared.security.policy.asking import Asking
from shared.security.vaulted import Vaulted
from tests.support.pure import World
from tests.unit.intake.given import POSKO, UPTD

CANARY = "Kenari Rahasia"
BODY = {
    "occurred_at": "2026-05-14T04:40:00+08:00",
    "checkpoint": "KOE",
    "destination": "61.71",
    "legal_basis": "PERMENAKER_18_2024",
    "company_claimed": f"PT {CANARY}",
    "people": [
        {
            "sex": "F",
            "identity": {
                "full_name": CANARY,
                "nik": "5302994107081234",
                "phones": ["+62 812-0000-0000"],
                "village": "53.01.04.2003",
            },
            "note": f"{CANARY} says",
            "indicators": ["BRUISES"],
        }
    ],
    "recruiters": [{"name": CANARY, "phone": "081200000001", "tie": "FAMILY"}],
}


class Reversing:
    """Seals nothing: turns a document's text round, so that a test sees what was sealed and what was not."""

    async def encrypt_document(self, owner, document):
        return json.dumps(document, default=str)[::-1].encode()

    async def decrypt_document(self, owner, sealed):
        return Vaulted(json.loads(sealed.decode()[::-1]))


class Lengths:
    """Hashes a value to its purpose and length."""

    version = "1"

    def of(self, purpose, value):
        return f"{purpose}{len(value)}".encode()


class Asked:
    """The little of a call that the handler looks at."""

    parts = Parts(crypto=Reversing(), suspects=Reversing(), index=Lengths(), reader=None)


def asking(actor: Actor) -> Asking:
    return Asking(actor, datetime(2026, 5, 14, tzinfo=UTC))


def body(**changes):
    return parse_body(json.dumps(BODY | changes).encode(), InterdictionBody)


def codes(**changes) -> dict[str, str]:
    with pytest.raises(Problem) as refused:
        body(**changes)
    return {error["pointer"]: error["code"] for error in refused.value.errors}


async def test_what_is_typed_reaches_the_rules_sealed() -> None:
    command = await record_interdiction(Asked, body())
    work = World(commands).run(command, POSKO)

    kept = str([a.model_dump() for a in work.changed.values()] + [e.model_dump() for e in work.entries])
    told = str([e.data for e in work.events])
    for secret in (CANARY, "5302994107081234", "0812", "53.01.04.2003"):
        assert secret not in kept
        assert secret not in told
    assert CANARY[::-1] in kept


async def test_the_kabupaten_follows_from_the_village_and_the_age_from_the_number() -> None:
    [person] = (await record_interdiction(Asked, body())).people

    assert person.kabupaten == "53.01"
    assert person.age.by_nik == 17


async def test_each_person_gets_a_reference_of_their_own_unless_the_client_made_one() -> None:
    ref = "019f3f2a-6d3c-7c1e-9d53-2f6f1c0e8a11"
    command = await record_interdiction(Asked, body(people=[{"ref": ref}, {}, {}]))

    refs = [person.ref for person in command.people]
    assert refs[0] == ref
    assert len(set(refs)) == 3


async def test_somebody_without_any_paper_or_name_is_taken_in() -> None:
    [person] = (await record_interdiction(Asked, body(people=[{}]))).people

    assert person.sealed == Sealed()


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"checkpoint": "XXX"}, "/checkpoint", "NOT_IN_LIST"),
        ({"legal_basis": None}, "/legal_basis", "WRONG_TYPE"),
        ({"destination": "ATLANTIS"}, "/destination", "NOT_IN_LIST"),
        ({"people": []}, "/people", "TOO_FEW"),
        ({"people": [{"indicators": ["SAD"]}]}, "/people/0/indicators/0", "NOT_IN_LIST"),
        ({"people": [{"ref": "Kenari"}]}, "/people/0/ref", "BAD_FORMAT"),
        ({"people": [{"identity": {"village": "53.02.99.2001"}}]}, "/people/0/identity/village", "UNKNOWN_REGION"),
        ({"detained": True}, "", "UNKNOWN_FIELD"),
        ({"people": [{"banned": True}]}, "/people/0", "UNKNOWN_FIELD"),
        ({"village": "53.01.04.2003"}, "", "CHECKPOINT_OR_VILLAGE"),
        ({"checkpoint": None}, "", "CHECKPOINT_OR_VILLAGE"),
    ],
)
def test_each_wrong_field_is_named_by_pointer_and_code(changes, pointer, code) -> None:
    assert codes(**changes) == {pointer: code}


async def test_a_number_that_does_not_parse_refuses_nobody() -> None:
    [person] = (await record_interdiction(Asked, body(people=[{"identity": {"nik": "lost it"}}]))).people

    opened = (await Reversing().decrypt_document(person.ref, person.sealed.c3)).reveal()
    assert opened["nik_status"] == "PARSE_ERROR"
    assert person.age.by_nik is None


def test_a_day_is_a_day_in_central_indonesia() -> None:
    assert sealing.local_day(datetime(2026, 5, 13, 20, 40, tzinfo=UTC)).isoformat() == "2026-05-14"


def test_every_route_has_somebody_who_may_use_it() -> None:
    assert {spec.permission for routes in ROUTES for spec in routes.specs} == policies().permissions


def test_the_posko_reaches_neither_the_answers_of_a_screening_nor_other_offices_people() -> None:
    ours = policies()

    assert not ours.allows(asking(POSKO), "subject.sensitive")
    before = {"$and": [{"offices": {"$in": [POSKO.agency]}}, {"$nor": [{"state": {"$in": ["HANDED_TO_CASE"]}}]}]}
    assert ours.filter(asking(POSKO), "subject.identity", Subject) == before
    lent = Actor(person="O-9", agency="UPTD_PPA-53.71", roles=frozenset({"POSKO_OFFICER"}))
    assert ours.filter(asking(lent), "subject.identity", Subject) is None
    assert ours.filter(asking(UPTD), "interdiction.record", Interdiction) is None


def test_only_a_posko_records_stops_whatever_role_somebody_has() -> None:
    hospital = Actor(person="O-9", agency="RS-53.71", roles=frozenset({"POSKO_OFFICER"}))

    assert not policies().allows(asking(hospital), "interdiction.record")
    assert policies().allows(asking(POSKO), "interdiction.record")
