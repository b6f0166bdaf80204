"""Permissions against an oracle: for all tables, actors and documents, what the filter finds is what a row allows."""

from typing import Any, ClassVar

from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor
from shared.security.permissions import Filter, PermissionTable, Permit, Scope, both, everything

ROLES = ("CASE_MANAGER", "OFFICER", "SUPERVISOR")
PERMISSIONS = ("case.read", "case.close")
PLACES = ("UPTD_PPA-53.71", "GT_KAB-53.02")


class Case(Aggregate):
    """A document with an owner and a place."""

    collection: ClassVar[str] = "cases"
    manager: str
    agency: str


class Task(Aggregate):
    """Another kind."""

    collection: ClassVar[str] = "tasks"
    manager: str
    agency: str


def managed(actor: Actor) -> Filter:
    """One's own."""
    return {"manager": actor.person}


def of_agency(actor: Actor) -> Filter:
    """One's agency's."""
    return {"agency": actor.agency}


def nothing(_: Actor) -> None:
    """A row that opens nothing."""
    return


SCOPES: tuple[Scope, ...] = (managed, of_agency, everything, nothing)

permits = st.builds(
    Permit,
    st.sampled_from(ROLES),
    st.sampled_from(PERMISSIONS),
    st.sampled_from([Case, Task]),
    st.sampled_from(SCOPES),
)
tables = st.lists(permits, max_size=8)
actors = st.builds(
    Actor,
    st.sampled_from(["V-020", "V-021"]),
    st.sampled_from(PLACES),
    st.frozensets(st.sampled_from(ROLES)),
)
kinds = st.sampled_from([Case, Task])
documents = st.fixed_dictionaries({"manager": st.sampled_from(["V-020", "V-021"]), "agency": st.sampled_from(PLACES)})


def matches(document: dict[str, Any], filter_: Filter) -> bool:
    """What the database does with the operators that filters are built of."""
    for name, wanted in filter_.items():
        if name == "$or":
            if not any(matches(document, part) for part in wanted):
                return False
        elif name == "$and":
            if not all(matches(document, part) for part in wanted):
                return False
        elif document[name] != wanted:
            return False
    return True


def allowed_by(permit: Permit, actor: Actor, permission: str, kind: type, document: dict[str, Any]) -> bool:
    """One row, read as a person would."""
    if permit.role not in actor.roles or permit.permission != permission or permit.kind is not kind:
        return False
    if permit.scope is managed:
        return bool(document["manager"] == actor.person)
    if permit.scope is of_agency:
        return bool(document["agency"] == actor.agency)
    return permit.scope is everything


@given(tables, actors, st.sampled_from(PERMISSIONS), kinds, documents)
def test_a_document_is_found_exactly_where_some_row_allows_it(
    table: list[Permit], actor: Actor, permission: str, kind: type[Aggregate], document: dict[str, Any]
) -> None:
    found = PermissionTable(table).filter(actor, permission, kind)
    expected = any(allowed_by(permit, actor, permission, kind, document) for permit in table)
    assert (found is not None and matches(document, found)) == expected


@given(tables, actors, st.sampled_from(PERMISSIONS))
def test_a_permission_is_held_exactly_where_some_kind_is_open(
    table: list[Permit], actor: Actor, permission: str
) -> None:
    permits_ = PermissionTable(table)
    open_kinds = [kind for kind in (Case, Task) if permits_.filter(actor, permission, kind) is not None]
    assert permits_.allows(actor, permission) == bool(open_kinds)


@given(tables, actors, st.sampled_from(PERMISSIONS), kinds, documents)
def test_another_role_never_takes_anything_away(
    table: list[Permit], actor: Actor, permission: str, kind: type[Aggregate], document: dict[str, Any]
) -> None:
    permits_ = PermissionTable(table)
    more = Actor(actor.person, actor.agency, frozenset(ROLES))
    before, after = permits_.filter(actor, permission, kind), permits_.filter(more, permission, kind)
    if before is not None and matches(document, before):
        assert after is not None
        assert matches(document, after)


@given(actors, st.text(max_size=20), kinds)
def test_nothing_is_the_default(actor: Actor, permission: str, kind: type[Aggregate]) -> None:
    empty = PermissionTable([])
    assert not empty.allows(actor, permission)
    assert empty.filter(actor, permission, kind) is None


simple = st.dictionaries(st.sampled_from(["manager", "agency"]), st.sampled_from(["V-020", *PLACES]), max_size=2)


@given(st.lists(simple, max_size=4), documents)
def test_filters_joined_by_both_never_widen(parts: list[dict[str, Any]], document: dict[str, Any]) -> None:
    assert matches(document, both(*parts)) == all(matches(document, part) for part in parts)
