"""Random policies, people and records: whatever the database selects must be what Cedar decides, and the reverse."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from pydantic import BaseModel

from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor
from shared.mongo.documents import to_aggregate
from shared.security.policy.asking import Asking
from shared.security.policy.engine import Policies
from shared.security.policy.kinds import resource
from shared.security.policy.statements import statements

ROLES: dict[str, tuple[str, ...]] = {"MANAGER": (), "OFFICER": ("STAFF_OF_CASES",), "CLERK": ("STAFF_OF_CASES",)}
PEOPLE, OFFICES = ("V-020", "V-021"), ("UPTD_PPA-53.71", "GT_KAB-53.02", "LPSK-53")
TEXTS = ("DRAFT", "OPEN", *PEOPLE, *OFFICES, "53.02", "53.71", "GT_KAB", "CASEWORK")
NOW = datetime(2026, 5, 14, 1, 30, tzinfo=UTC)
MOMENTS = (None, NOW, NOW - timedelta(milliseconds=1), NOW + timedelta(microseconds=1), NOW + timedelta(milliseconds=1))


class Place(BaseModel):
    """A part."""

    region: str | None = None


class Grant(BaseModel):
    """A part with an end."""

    agency: str
    until: datetime | None = None


class Thing(Aggregate):
    """A record with a field of every sort."""

    collection: ClassVar[str] = "things"

    state: str
    owner: str | None = None
    open: bool = False
    level: int = 0
    score: int | None = None
    due: datetime | None = None
    offices: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    place: Place | None = None


class Other(Aggregate):
    """Another kind, which lacks most of it."""

    collection: ClassVar[str] = "others"

    state: str
    sealed: bool = False


THING = resource(
    Thing, "state", "owner", "open", "level", "score", "due", "offices",
    granted="grants.agency", region="place.region",
)  # fmt: skip
OTHER = resource(Other, "state", "sealed")
TYPES = {name: (each.scalar, each.is_set, each.optional) for name, each in THING.attributes.items()}

# --- random conditions, well typed ----------------------------------------------------------------------------------

texts = st.one_of(
    st.sampled_from(TEXTS).map(json.dumps),
    st.sampled_from(["person", "agency", "agency_code", "region"]).map("principal.{}".format),
    st.just("context.purpose"),
)
numbers = st.one_of(st.integers(-2, 2).map(str), st.just("context.now"))
text_sets = st.one_of(
    st.just("principal.kabupaten"),
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3).map(json.dumps),
)


def _guarded(name: str, test: str) -> str:
    return f"(resource has {name} && {test})" if TYPES[name][2] else test


def _named(scalar: str, *, is_set: bool) -> st.SearchStrategy[str]:
    return st.sampled_from([n for n, (s, many, _) in TYPES.items() if s == scalar and many is is_set])


equalities = st.builds(
    lambda name, op, value, turned: _guarded(
        name, f"{value} {op} resource.{name}" if turned else f"resource.{name} {op} {value}"
    ),
    _named("String", is_set=False), st.sampled_from(["==", "!="]), texts, st.booleans(),
)  # fmt: skip
comparisons = st.builds(
    lambda name, op, value, turned: _guarded(
        name, f"{value} {op} resource.{name}" if turned else f"resource.{name} {op} {value}"
    ),
    st.one_of(_named("Long", is_set=False), _named("Moment", is_set=False)),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers, st.booleans(),
)  # fmt: skip
memberships = st.builds(
    lambda values, name: _guarded(name, f"{values}.contains(resource.{name})"),
    text_sets,
    _named("String", is_set=False),
)
holdings = st.one_of(
    st.builds("resource.{}.contains({})".format, _named("String", is_set=True), texts),
    st.builds("resource.{}.containsAny({})".format, _named("String", is_set=True), text_sets),
    st.builds("resource.{}.containsAll({})".format, _named("String", is_set=True), text_sets),
    st.builds("{}.containsAny(resource.{})".format, text_sets, _named("String", is_set=True)),
)
presences = st.sampled_from([f"resource has {name}" for name in (*TYPES, "nothing")])
known = st.one_of(
    st.builds("{} == {}".format, texts, texts),
    st.builds("{}.contains({})".format, text_sets, texts),
    st.sampled_from(["principal.limited", "true", "false"]),
)
conditions = st.recursive(
    st.one_of(equalities, comparisons, memberships, holdings, presences, known, st.just("resource.open")),
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
    ),
    max_leaves=5,
)

SEALED = "resource has sealed && resource.sealed"
permit_heads = st.sampled_from(["MANAGER", "OFFICER", "STAFF_OF_CASES"]).map('permit(principal in Role::"{}", '.format)
forbid_heads = st.sampled_from(["forbid(principal, ", 'forbid(principal in Role::"CLERK", '])
bodies = st.builds(
    'action == Action::"read", resource is Thing) {} {{ {} }};'.format, st.sampled_from(["when", "unless"]), conditions
)


@st.composite
def policy_texts(draw: st.DrawFn) -> str:
    """A file of one to four permits and up to two forbids; always one of each over the other kind."""
    written = ['permit(principal in Role::"CLERK", action == Action::"read", resource is Other);']
    written += [f"{draw(permit_heads)}{draw(bodies)}" for _ in range(draw(st.integers(1, 4)))]
    written = [f'@show("C1") {each}' for each in written]
    written += [f"{draw(forbid_heads)}{draw(bodies)}" for _ in range(draw(st.integers(0, 2)))]
    written.append(f"forbid(principal, action, resource) when {{ {SEALED} }};")
    return "\n".join(f'@id("rule.{number}") @basis("none") {each}' for number, each in enumerate(written))


# --- random people and records --------------------------------------------------------------------------------------

actors = st.builds(
    Actor,
    st.sampled_from(PEOPLE),
    st.sampled_from(OFFICES),
    st.frozensets(st.sampled_from([*ROLES, "UNKNOWN"]), min_size=1),
    st.just(""),
    st.frozensets(st.sampled_from(["53.02", "53.71"])),
)
askings = st.builds(Asking, actors, st.just(NOW), st.sampled_from(["CASEWORK", "AUDIT"]))
grants = st.builds(Grant, agency=st.sampled_from(OFFICES), until=st.sampled_from(MOMENTS))
things = st.builds(
    Thing,
    id=st.sampled_from([*PEOPLE, "t-1", "t-2", "t-3", "t-4", "t-5", "t-6"]),
    state=st.sampled_from(TEXTS),
    owner=st.none() | st.sampled_from(PEOPLE),
    open=st.booleans(),
    level=st.integers(-2, 2),
    score=st.none() | st.integers(-2, 2),
    due=st.sampled_from(MOMENTS),
    offices=st.lists(st.sampled_from(TEXTS), max_size=2).map(tuple),
    grants=st.lists(grants, max_size=2).map(tuple),
    place=st.none() | st.builds(Place, region=st.none() | st.sampled_from(["53.02", "53.71"])),
)
records = st.lists(things, min_size=1, max_size=8, unique_by=lambda thing: thing.id)
LATER = frozenset({"owner", "open", "score", "due"})
"""Fields that an older document may lack; the model has a default for each."""


@dataclass(frozen=True)
class World:
    """One round: policies, an asker, and what lies in the database."""

    text: str
    asking: Asking
    things: Sequence[Thing]
    lacking: frozenset[str]

    @property
    def policies(self) -> Policies:
        """The policies as a service would load them."""
        return Policies(statements(self.text, "random.cedar"), (THING, OTHER), ROLES)


worlds = st.builds(World, policy_texts(), askings, records, st.frozensets(st.sampled_from(sorted(LATER))))


def disagreements(
    policies: Policies, permission: str, asking: Asking, kind: Any, collection: Any, documents: Iterable[Any]
) -> list[Any]:
    """The documents that are found without a yes, or get a yes without being found. `collection` is a real one."""
    collection.delete_many({})
    collection.insert_many(documents)
    filter_ = policies.filter(asking, permission, kind)
    found = set() if filter_ is None else {row["_id"] for row in collection.find(filter_, {"_id": 1})}
    stored = {row["_id"]: row for row in collection.find({})}
    decided = policies.decide(asking, permission, [to_aggregate(kind, row) for row in stored.values()])
    allowed = {id_ for id_, decision in zip(stored, decided, strict=True) if decision.allowed}
    return [(stored[id_], id_ in found) for id_ in found ^ allowed]
