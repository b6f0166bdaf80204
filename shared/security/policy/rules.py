"""One policy as it was written, read strictly: a mistake is told with its file and line before anything starts."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import cedarpy
from cedarpy.pst import ActionEq, ActionIn, EntityUid, Expr, ScopeAny, ScopeIn, ScopeIs, Template, UnaryOp, When

from shared.security.policy.asking import ACTION, ROLE
from shared.security.policy.classes import Classes, classes_in
from shared.security.policy.statements import Statement

ANNOTATIONS = frozenset({"id", "basis", "show", "write"})
_ID = re.compile(r"[a-z][a-z0-9_.-]{2,79}")


class PolicyError(ValueError):
    """Policies that cannot be used; the message has a line `file:line: what is wrong` for each mistake."""


@dataclass(frozen=True)
class Rule:
    """A permit or a forbid. `kind` None and no `actions` mean all; `role` None means every member of staff.

    A permit shows the classes in `shows`, and lets those in `writes` be written. `basis` is its legal basis.
    """

    id: str
    statement: Statement
    node: Template
    role: str | None
    actions: frozenset[str]
    kind: str | None
    conditions: tuple[Expr, ...]
    basis: str
    shows: Classes
    writes: Classes

    @property
    def permits(self) -> bool:
        """Whether it opens something; otherwise it closes."""
        return self.node.effect == "permit"


def read_rule(statement: Statement, roles: Collection[str]) -> Rule:
    """The policy of a statement; raises PolicyError."""
    try:
        parsed = cedarpy.PolicySet.from_str(statement.text).to_pst()
    except ValueError as error:
        raise PolicyError(f"{statement.place}: {' '.join(str(error).split())}") from None
    if parsed.templates or len(parsed.static_policies) != 1:
        raise PolicyError(f"{statement.place}: exactly one policy, without slots, is expected")
    return _Reading(statement, next(iter(parsed.static_policies.values())), frozenset(roles)).rule()


@dataclass(frozen=True)
class _Reading:
    statement: Statement
    node: Template
    roles: frozenset[str]
    noted: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "noted", self.node.annotations)

    def rule(self) -> Rule:
        """The rule, every part of it checked."""
        self._require(set(self.noted) <= ANNOTATIONS, f"only {sorted(ANNOTATIONS)} are annotations of ours")
        self._require(_ID.fullmatch(self.noted.get("id", "")) is not None, 'an @id("…") in lower case is missing')
        self._require(bool(self.noted.get("basis")), 'the legal @basis("…") is missing')
        permits = self.node.effect == "permit"
        self._require(permits == ("show" in self.noted), "a permit says what it shows, a forbid does not")
        self._require(permits or "write" not in self.noted, "a forbid writes nothing")
        return Rule(
            id=self.noted["id"],
            statement=self.statement,
            node=self.node,
            role=self._role(),
            actions=self._actions(),
            kind=self._kind(),
            conditions=tuple(c.expr if isinstance(c, When) else UnaryOp("not", c.expr) for c in self.node.clauses),
            basis=self.noted["basis"],
            shows=self._classes("show"),
            writes=self._classes("write"),
        )

    def _role(self) -> str | None:
        match self.node.principal:
            case ScopeIn(EntityUid() as named) if str(named.type) == ROLE:
                self._require(named.id in self.roles, f"there is no role {named.id}")
                return named.id
            case ScopeAny() if self.node.effect == "forbid":
                return None
        raise self._error('a permit is for `principal in Role::"…"`, a forbid for that or for every `principal`')

    def _actions(self) -> frozenset[str]:
        match self.node.action:
            case ActionEq(action):
                return self._named((action,))
            case ActionIn(actions) if actions:
                return self._named(actions)
            case ScopeAny() if self.node.effect == "forbid":
                return frozenset()
        raise self._error("a permit names its actions")

    def _named(self, actions: tuple[EntityUid, ...]) -> frozenset[str]:
        self._require(all(str(action.type) == ACTION for action in actions), "an action is an `Action`")
        return frozenset(action.id for action in actions)

    def _kind(self) -> str | None:
        match self.node.resource:
            case ScopeIs(kind):
                return str(kind)
            case ScopeAny() if self.node.effect == "forbid":
                return None
        raise self._error("a permit is for a `resource is …`, a forbid for that or for every `resource`")

    def _classes(self, name: str) -> Classes:
        try:
            return classes_in(self.noted.get(name, ""))
        except ValueError:
            raise self._error(f"@{name} lists classes, as in C1,C2") from None

    def _require(self, holds: bool, message: str) -> None:
        if not holds:
            raise self._error(message)

    def _error(self, message: str) -> PolicyError:
        return PolicyError(f"{self.statement.place}: {message}")
