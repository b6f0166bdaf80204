"""The services' own policies: for whatever people and records, the database selects exactly what Cedar permits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pymongo
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor, Opening
from shared.reference.roles import PURPOSES, ROLES
from shared.security.policy.asking import Asking
from shared.security.policy.attributes import Stored
from shared.security.policy.engine import Policies
from shared.security.policy.kinds import Resource
from tests.support.policies import MOMENTS, NOW

pytestmark = pytest.mark.integration

SERVICES = ("intake", "cases", "notify")
PEOPLE = ("O-20", "O-21")
OFFICES = ("UPTD_PPA-53.71", "GT_KAB-53.02", "NAKER_PROV-53", "LPSK-53", "POLRI-53", "GT_PROV-53", "BP3MI-53")
PLACES = ("53.02", "53.71", "53")
STATES = ("DRAFT", "OPEN", "HANDED_TO_CASE", "SCREENING")
DAY = timedelta(days=1)
TEXTS = (*PEOPLE, *OFFICES, *PLACES, *STATES)

openings = st.builds(
    Opening,
    st.frozensets(st.sampled_from(TEXTS), min_size=1, max_size=3),
    st.frozensets(st.sampled_from(["C1", "C2", "C3", "C4"]), min_size=1),
    st.sampled_from(MOMENTS[1:]),
    st.sampled_from(MOMENTS[1:]),
    st.sampled_from([None, *PURPOSES]),
    st.booleans(),
)
"""What was opened for a time: over, in force, ahead, or for another purpose."""
actors = st.builds(
    Actor,
    st.sampled_from(PEOPLE),
    st.sampled_from(OFFICES),
    st.frozensets(st.sampled_from(list(ROLES)), min_size=1, max_size=3),
    st.just(""),
    st.frozensets(st.sampled_from(PLACES), max_size=1),
    st.frozensets(st.sampled_from(TEXTS), max_size=2),
    st.frozensets(st.sampled_from(TEXTS), max_size=2),
    st.lists(openings, max_size=3).map(tuple),
)
askings = st.builds(Asking, actors, st.just(NOW), st.sampled_from(list(PURPOSES)))
likely: dict[str, tuple[str, ...]] = {
    "manager": PEOPLE, "assignee": PEOPLE, "host": PLACES, "kabupaten": PLACES, "state": STATES,
}  # fmt: skip


@pytest.fixture
def collection(mongo_uri: str, unique: str) -> Iterator[Any]:
    """A real collection."""
    with pymongo.MongoClient[Any](mongo_uri, tz_aware=True) as client:
        yield client[unique]["records"]
        client.drop_database(unique)


def granted_everything(asking: Asking) -> Asking:
    """The same person, to whom all that there could be is opened, by others and by themselves."""
    opened = [
        Opening(frozenset(TEXTS), frozenset({"C1", "C2", "C3", "C4"}), NOW, NOW + DAY, emergency=emergency)
        for emergency in (False, True)
    ]
    return replace(asking, actor=replace(asking.actor, openings=tuple(opened)))


def values(name: str, scalar: str) -> st.SearchStrategy[Any]:
    """Values of an attribute: mostly such as policies ask about."""
    if scalar == "String":
        return st.sampled_from(likely.get(name, OFFICES if name != "id" else TEXTS))
    return {"Bool": st.booleans(), "Long": st.integers(-1, 3), "Moment": st.sampled_from(MOMENTS[1:])}[scalar]


@st.composite
def record(draw: st.DrawFn, kind: Resource) -> dict[str, Any]:
    """A document with those fields that policies can ask about."""
    fields: dict[str, Any] = {}
    for name, attribute in kind.attributes.items():
        one = values(name, attribute.scalar)
        if isinstance(attribute, Stored):
            several = st.lists(one, max_size=2) if attribute.is_set else one
            _put(fields, attribute.path, draw(st.none() | several if attribute.optional else several))
    return fields


def _put(fields: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    if len(path) == 1:
        fields[path[0]] = value
    elif isinstance(value, list):
        fields[path[0]] = [{path[1]: each} for each in value]
    else:
        fields.setdefault(path[0], {})[path[1]] = value


def aggregate_of(kind: type[Aggregate], fields: dict[str, Any]) -> Aggregate:
    """The aggregate that such a document would be read as, as far as policies look at it."""
    return kind.model_construct(**{name: _read(value) for name, value in fields.items()})


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_read(each) for each in value)
    return SimpleNamespace(**value) if isinstance(value, dict) else value


CASES = [
    pytest.param(service, permission, kind, id=f"{permission}-{kind.name}")
    for service in SERVICES
    for policies, resources in [
        (
            import_module(f"services.{service}.permissions").policies(),
            import_module(f"services.{service}.permissions").RESOURCES,
        )
    ]
    for permission in sorted(policies.permissions)
    for kind in resources
    if policies.covers(permission, kind.kind)
]


@pytest.fixture(scope="module")
def loaded() -> dict[str, Policies]:
    """Each service's policies."""
    return {name: import_module(f"services.{name}.permissions").policies() for name in SERVICES}


@pytest.mark.parametrize(("service", "permission", "kind"), CASES)
def test_the_filter_finds_what_the_decision_permits(
    service: str, permission: str, kind: Resource, loaded: dict[str, Policies], collection: Any
) -> None:
    policies = loaded[service]
    records = st.lists(record(kind), min_size=20, max_size=20)

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(askings, min_size=12, max_size=12), records)
    def check(people: list[Asking], documents: list[dict[str, Any]]) -> None:
        numbered = [{**fields, "id": f"{fields['id']}#{at}" if at else "O-20"} for at, fields in enumerate(documents)]
        collection.delete_many({})
        collection.insert_many({"_id": fields["id"], **fields} for fields in numbered)
        aggregates = [aggregate_of(kind.kind, fields) for fields in numbered]
        for asking in people:
            filter_ = policies.filter(asking, permission, kind.kind)
            found = set() if filter_ is None else {row["_id"] for row in collection.find(filter_, {"_id": 1})}
            decided = policies.decide(asking, permission, aggregates)
            assert found == {each.id for each, d in zip(aggregates, decided, strict=True) if d.allowed}, asking
            assert found <= (set() if not policies.allows(asking, permission) else found)

    check()


KEPT_OUT_BY: dict[str, tuple[str, ...]] = {
    "Case": ("id",),
    "Subject": ("id", "case_ref"),
    "Notice": ("about",),
    **dict.fromkeys(("Consent", "Referral", "AgencyFile", "AccessGrant", "Task"), ("case_ref",)),
    **dict.fromkeys(("ScreeningRound", "RightsRequest"), ("subject_ref",)),
}
"""By which of its references an interest of one's own, or a seal, closes a kind; each of them is enough."""


@pytest.mark.parametrize(
    ("service", "permission", "kind"), [case for case in CASES if case.values[2].name in KEPT_OUT_BY]
)
def test_an_interest_of_ones_own_and_a_seal_win_over_every_grant_and_every_emergency(
    service: str, permission: str, kind: Resource, loaded: dict[str, Policies]
) -> None:
    policies = loaded[service]

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(askings, record(kind), st.sampled_from(KEPT_OUT_BY[kind.name]), st.sampled_from(["excluded", "sealed"]))
    def check(asking: Asking, fields: dict[str, Any], name: str, closed: str) -> None:
        thing = aggregate_of(kind.kind, fields)
        ref = kind.attributes[name].value(thing)
        assume(ref is not None)
        opened = granted_everything(asking)
        kept = replace(opened, actor=replace(opened.actor, **{closed: frozenset({ref})}))
        [decision] = policies.decide(kept, permission, [thing])
        assert not decision.allowed

    check()
