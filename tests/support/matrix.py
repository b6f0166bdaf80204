"""Who may see what, as `tests/security/matrix.yaml` expects it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shared.security.policy.classes import Classes, classes_in
from shared.security.policy.engine import NOTHING

FILE = Path(__file__).parents[1] / "security" / "matrix.yaml"
SERVICES = ("cases", "intake", "notify")


@dataclass(frozen=True)
class Expected:
    """What an answer shows and a body may hold; nothing at all where it is not allowed."""

    allowed: bool
    shows: Classes
    writes: Classes

    def __or__(self, other: "Expected") -> "Expected":
        """What two roles of one person open together."""
        return Expected(
            self.allowed or other.allowed, shows=self.shows | other.shows, writes=self.writes | other.writes
        )


NO = Expected(allowed=False, shows=NOTHING, writes=NOTHING)

Roles = Mapping[str, tuple[frozenset[str], Expected]]
"""Role → in which agencies, and what."""


@dataclass(frozen=True)
class Row:
    """One route's expectations: kind → relation → role."""

    purposes: frozenset[str]
    kinds: Mapping[str, Mapping[str, Roles]]

    def expected(self, kind: str, relation: str, role: str, agency: str) -> Expected:
        """For a role in an agency (`LPSK`), for a purpose that is good enough."""
        agencies, expected = self.kinds[kind][relation].get(role, (frozenset(), NO))
        return expected if agency in agencies else NO

    def opens(self, role: str, agency: str) -> bool:
        """Whether anything at all, of whatever kind and relation."""
        return any(
            self.expected(kind, name, role, agency).allowed for kind, them in self.kinds.items() for name in them
        )


@dataclass(frozen=True)
class Matrix:
    """The whole table: service → "METHOD path" → row."""

    roles: frozenset[str]
    purposes: frozenset[str]
    agencies: Mapping[str, tuple[str, ...]]
    kept_out: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Attribute of a member of staff → kind → by which references; none where there is a reason."""
    granted_to: frozenset[str]
    granted: Mapping[str, Mapping[str, Mapping[str, Mapping[str, Expected]]]]
    """Class that is given for a time → route → kind → relation → what it opens beside."""
    services: Mapping[str, Mapping[str, Row]]


@cache
def matrix() -> Matrix:
    """The table as it was written; raises where a row says something twice or names an unknown group."""
    written = yaml.safe_load(FILE.read_text())
    groups = _groups(written["agencies"])
    everybody = frozenset(agency for members in groups.values() for agency in members)
    purposes = frozenset(written["purposes"])

    def row(parts: Mapping[str, Any]) -> Row:
        kinds = {kind: _relations(each, groups, everybody) for kind, each in parts.items() if kind != "for"}
        return Row(frozenset(parts.get("for", purposes)), kinds)

    return Matrix(
        roles=frozenset(written["roles"]),
        purposes=purposes,
        agencies=groups,
        kept_out={
            why: {kind: tuple(by) if isinstance(by, list) else () for kind, by in kinds.items()}
            for why, kinds in written["kept_out"].items()
        },
        granted_to=frozenset(written["granted"]["to"]),
        granted={name: _granted(routes) for name, routes in written["granted"].items() if name != "to"},
        services={name: {route: row(parts) for route, parts in written[name].items()} for name in SERVICES},
    )


def _granted(written: Mapping[str, Any]) -> Mapping[str, Mapping[str, Mapping[str, Expected]]]:
    return {
        route: {
            kind: {relation: _read(classes) for names, classes in relations.items() for relation in names.split()}
            for kind, relations in kinds.items()
        }
        for route, kinds in written.items()
    }


def _read(classes: str) -> Expected:
    """What is shown and, after the bar, what may be written."""
    shows, writes = (classes_in(",".join(part.split())) for part in f"{classes}|".split("|")[:2])
    return Expected(allowed=True, shows=shows, writes=writes)


def _groups(written: Mapping[str, list[str]]) -> Mapping[str, tuple[str, ...]]:
    """Each group's agencies; a group may be made of others."""
    return {name: tuple(a for each in members for a in written.get(each, [each])) for name, members in written.items()}


def _relations(
    written: Mapping[str, Any], groups: Mapping[str, tuple[str, ...]], everybody: frozenset[str]
) -> Mapping[str, Roles]:
    relations: dict[str, Roles] = {}
    for names, roles in written.items():
        said = dict(_roles({} if roles == "nobody" else roles, groups, everybody))
        for relation in names.split():
            if relation in relations:
                raise ValueError(f"{relation} stands twice")
            relations[relation] = said
    return relations


def _roles(
    written: Mapping[str, str], groups: Mapping[str, tuple[str, ...]], everybody: frozenset[str]
) -> Iterator[tuple[str, tuple[frozenset[str], Expected]]]:
    for name, classes in written.items():
        role, _, group = name.partition("@")
        yield role, (frozenset(groups[group]) if group else everybody, _read(classes))
