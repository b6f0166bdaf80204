"""F23 against the policy engine: every agency, role, route and relation, held to the matrix that was written by hand.

The matrix is complete by construction: a route, a role, an agency, a purpose, a kind or a relation that it does not
speak of fails here before anything is asked.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, reduce
from itertools import product
from operator import or_

import pytest

from shared.http.specs import RouteSpec, Style
from shared.kernel.aggregate import Aggregate
from shared.kernel.context import Actor, Opening
from shared.reference.agencies import AGENCIES
from shared.reference.roles import PURPOSES, role_groups
from shared.security.policy.asking import CASEWORK, Asking
from shared.service.definition import Service
from tests.architecture.test_house import every_route
from tests.support.matrix import NO, Expected, Row, matrix
from tests.support.policies import NOW
from tests.support.relations import CASE, ELSEWHERE, HERE, PERSON, RELATIONS, references, related

ROLES = tuple(role_groups())
"""The machines' one among them."""
ME = "O-20"
HOUR = timedelta(hours=1)
MIXED = ("UPTD_PPA", "NAKER_PROV", "GT_PROV")
"""A helping agency, one with a post, one outside."""


@dataclass(frozen=True)
class Route:
    """A route with its service's policies and its row of the matrix."""

    service: Service
    spec: RouteSpec

    @property
    def name(self) -> str:
        """As the matrix calls it."""
        return f"{self.spec.method} {self.spec.path}"

    @property
    def row(self) -> Row:
        """What is expected."""
        return matrix().services[self.service.name][self.name]

    @property
    def kinds(self) -> Iterable[str]:
        """The kinds that the route's permission opens to anybody."""
        policies = self.service.policies
        return [name for name, each in policies.kinds.items() if policies.covers(self.spec.permission, each.kind)]

    def wrong(
        self, kind: str, asking: Asking, expected: Mapping[str, Expected]
    ) -> list[tuple[str, Expected, Expected]]:
        """Where the engine says something else than is expected: relation, what it says, what is expected."""
        found = decided(self.service.name, self.spec.permission, kind, tuple(expected), asking)
        both = [(each, self._bounded(found[each]), self._bounded(wanted)) for each, wanted in expected.items()]
        return [each for each in both if each[1] != each[2]]

    def expected(self, kind: str, relation: str, agency: str, *roles: str) -> Expected:
        """What the matrix says of somebody with these roles."""
        return reduce(or_, (self.row.expected(kind, relation, role, agency) for role in roles), NO)

    def _bounded(self, found: Expected) -> Expected:
        """Reads write nothing, whatever stands beside."""
        return found if self.spec.style is Style.COMMAND else replace(found, writes=NO.writes)


ROUTES = [Route(service, spec) for service, spec in every_route()]
POLICIES = {route.service.name: route.service.policies for route in ROUTES}
each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)


@cache
def decided(
    service: str, permission: str, kind: str, relations: tuple[str, ...], asking: Asking
) -> Mapping[str, Expected]:
    """What the engine says of a thing of this kind in each relation, in the matrix's words."""
    policies = POLICIES[service]
    things = [related(policies.kinds[kind].kind, relation, asking.actor) for relation in relations]
    decisions = policies.decide(asking, permission, things)
    return {
        relation: Expected(decision.allowed, decision.shows, decision.writes)
        for relation, decision in zip(relations, decisions, strict=True)
    }


def member(agency: str, *roles: str) -> Actor:
    """A member of this agency's office who answers for no regency in particular."""
    place = "53" if "province" in AGENCIES[agency].levels.split() else HERE
    return Actor(ME, f"{agency}-{place}", frozenset(roles))


def limited(actor: Actor, place: str) -> Actor:
    """The same one, answering for one regency."""
    return replace(actor, kabupaten=frozenset({place}))


def everybody() -> Iterator[tuple[str, str]]:
    """Each role in each agency."""
    return ((agency, role) for agency in AGENCIES for role in ROLES)


def here(kind: str) -> list[str]:
    """The relations to what is in the regency of whoever asks."""
    return [each for each in RELATIONS[kind] if not each.endswith("elsewhere")]


def elsewhere(kind: str) -> list[str]:
    """Those to what is in another one."""
    return [each for each in RELATIONS[kind] if each.endswith("elsewhere")]


def test_the_matrix_speaks_of_every_role_agency_and_purpose() -> None:
    groups = matrix().agencies
    assert matrix().roles == set(ROLES)
    assert matrix().purposes == set(PURPOSES)
    assert sorted(groups["outside"] + groups["inside"]) == sorted(AGENCIES)
    assert set(groups["outside"]) == {agency.code for agency in AGENCIES.values() if agency.share_purpose is None}


def test_the_matrix_speaks_of_every_route_and_of_no_other() -> None:
    assert {(service, route) for service, rows in matrix().services.items() for route in rows} == {
        (route.service.name, route.name) for route in ROUTES
    }


def test_the_matrix_says_of_every_kind_how_somebody_is_kept_out_of_it_or_why_nobody_is() -> None:
    kinds = {kind for policies in POLICIES.values() for kind in policies.kinds}
    assert kinds == set(RELATIONS)
    assert set(matrix().kept_out) == {"excluded", "sealed"}
    assert all(set(known) == kinds for known in matrix().kept_out.values())


@each_route
def test_a_row_speaks_of_every_kind_and_relation(route: Route) -> None:
    assert set(route.row.kinds) == set(route.kinds)
    for kind, relations in route.row.kinds.items():
        assert set(relations) == set(RELATIONS[kind])
        assert {role for roles in relations.values() for role in roles} <= set(ROLES)


@each_route
def test_everybody_sees_what_the_matrix_says_and_nothing_else(route: Route) -> None:
    for agency, role in everybody():
        for kind in route.kinds:
            expected = {relation: route.expected(kind, relation, agency, role) for relation in here(kind)}
            assert not route.wrong(kind, Asking(member(agency, role), NOW), expected), (kind, agency, role)


@each_route
def test_whoever_answers_for_one_regency_sees_nothing_of_another(route: Route) -> None:
    for agency, role, kind in product(MIXED, ROLES, route.kinds):
        for relations, place in ((here, HERE), (elsewhere, ELSEWHERE)):
            asking = Asking(limited(member(agency, role), place), NOW)
            expected = {relation: route.expected(kind, relation, agency, role) for relation in relations(kind)}
            assert not route.wrong(kind, asking, expected), (kind, agency, role, place)


@each_route
def test_several_roles_open_what_each_of_them_opens(route: Route) -> None:
    for agency, kind in product(AGENCIES, route.kinds):
        expected = {relation: route.expected(kind, relation, agency, *ROLES) for relation in here(kind)}
        assert not route.wrong(kind, Asking(member(agency, *ROLES), NOW), expected), (kind, agency)


@each_route
def test_for_other_purposes_than_those_of_the_matrix_nothing_is_shown(route: Route) -> None:
    for agency, kind, purpose in product(MIXED, route.kinds, PURPOSES):
        roles = ROLES if purpose in route.row.purposes else ()
        expected = {relation: route.expected(kind, relation, agency, *roles) for relation in here(kind)}
        assert not route.wrong(kind, Asking(member(agency, *ROLES), NOW, purpose), expected), (kind, agency, purpose)


@each_route
@pytest.mark.parametrize("why", ["excluded", "sealed"])
def test_whoever_is_kept_out_sees_nothing_whatever_else_is_open(route: Route, why: str) -> None:
    for kind, agency in product(route.kinds, AGENCIES):
        for field in matrix().kept_out[why][kind]:
            actor = member(agency, *ROLES)
            refs = {each: references(thing_of(route, kind, each, actor), field) for each in here(kind)}
            out = replace(actor, **{why: frozenset().union(*refs.values())})
            expected = {each: NO for each, known in refs.items() if known}
            assert expected
            assert not route.wrong(kind, Asking(out, NOW), expected), (kind, agency, field)


def given(cls: str, *, until: datetime = NOW + HOUR, purpose: str = CASEWORK) -> tuple[Opening, ...]:
    """Access to everything there is, for a time and a purpose."""
    refs = {CASE, PERSON} | {f"{kind}-{relation}" for kind, relations in RELATIONS.items() for relation in relations}
    return (Opening(frozenset(refs), frozenset({"C1", cls}), NOW - HOUR, until, purpose),)


@each_route
def test_access_for_a_time_opens_what_was_given_to_those_alone_who_work_on_cases(route: Route) -> None:
    for role, cls, kind in product(ROLES, ("C1", "C2", "C3", "C4"), route.kinds):
        for agency in ("UPTD_PPA", "GT_PROV"):
            beside = {} if role not in matrix().granted_to or agency == "GT_PROV" else opened(route, kind, cls)
            expected = {
                each: route.expected(kind, each, agency, role) | beside.get(each, NO)
                for each in here(kind)
                if each in TRIED
            }
            actor = replace(member(agency, role), openings=given(cls))
            assert not route.wrong(kind, Asking(actor, NOW), expected), (kind, role, cls, agency)


TRIED = ("colleagues", "foreign", "of-what-was-found")
"""Relations in which somebody has nothing by themselves."""


def opened(route: Route, kind: str, cls: str) -> Mapping[str, Expected]:
    """What this class opens beside, and the thin case with it."""
    found: dict[str, Expected] = {}
    for each in {"C1", cls}:
        for relation, expected in matrix().granted[each].get(route.name, {}).get(kind, {}).items():
            found[relation] = found.get(relation, NO) | expected
    return found


@each_route
def test_access_for_a_time_opens_nothing_after_its_hour_for_another_purpose_or_to_whoever_is_kept_out(
    route: Route,
) -> None:
    for cls, kind in product(("C1", "C2", "C3", "C4"), route.kinds):
        relations = [each for each in here(kind) if each in TRIED]
        actor = member("UPTD_PPA", *matrix().granted_to)
        usual = {each: route.expected(kind, each, "UPTD_PPA", *matrix().granted_to) for each in relations}
        for openings in (given(cls, until=NOW), given(cls, purpose="PROTECTION")):
            assert not route.wrong(kind, Asking(replace(actor, openings=openings), NOW), usual), (kind, cls)
        for why, kinds in matrix().kept_out.items():
            for field, relation in product(kinds[kind], relations):
                refs = references(thing_of(route, kind, relation, actor), field)
                out = replace(actor, openings=given(cls), **{why: refs})
                assert not refs or not route.wrong(kind, Asking(out, NOW), {relation: NO}), (kind, cls, why)


def thing_of(route: Route, kind: str, relation: str, actor: Actor) -> Aggregate:
    """The thing itself."""
    return related(route.service.policies.kinds[kind].kind, relation, actor)


@each_route
def test_the_door_opens_for_those_alone_who_may_find_something(route: Route) -> None:
    for agency, role in everybody():
        opened = route.service.policies.allows(Asking(member(agency, role), NOW), route.spec.permission)
        assert opened == route.row.opens(role, agency), (agency, role)
