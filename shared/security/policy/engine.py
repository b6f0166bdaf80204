"""Decisions: Cedar's on loaded aggregates, and the same ones as filters that preselect in the database.

Default is no; a forbid wins over every permit; a policy that cannot be evaluated decides for no.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

import cedarpy
import orjson

from shared.kernel.aggregate import Aggregate
from shared.security.policy.asking import ACTION, ROLE, STAFF, Asking
from shared.security.policy.classes import Classes, DataClass
from shared.security.policy.filters import Filter, Test, all_of, any_of, none_of
from shared.security.policy.kinds import Resource
from shared.security.policy.loading import checked, policy_set, read_folder
from shared.security.policy.rules import Rule
from shared.security.policy.statements import Statement

NOTHING: Classes = frozenset({DataClass.C0})


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no, why, and with what obligations.

    `policies` are the ids of the permits that opened it or of the forbids that closed it (none: nothing permits it);
    `roles` are the asker's roles by which they have it. Classes that are not in `shows` must be masked in every
    answer; those not in `writes` must stay as they are.
    """

    allowed: bool
    policies: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    shows: Classes = NOTHING
    writes: Classes = NOTHING

    @property
    def forbidden(self) -> bool:
        """Whether a forbid closed what may otherwise be open."""
        return not self.allowed and bool(self.policies)


DENIED = Decision(allowed=False)

Groups = Mapping[str, Collection[str]]
"""Each role with the groups that it belongs to."""


class Policies:
    """The policies of one service, parsed and compiled once. Raises PolicyError where they cannot be used."""

    def __init__(self, texts: Iterable[Statement], resources: Iterable[Resource], groups: Groups) -> None:
        self._groups = groups
        self._kinds = {each.name: each for each in resources}
        found = checked(texts, self._kinds.values(), chain(groups, *groups.values()))
        self.rules, self.schema, self._conditions = found.rules, found.schema, found.conditions
        self._sets = {action: policy_set(self._speaking_of(action)) for action in self.permissions}

    @property
    def kinds(self) -> Mapping[str, Resource]:
        """What the policies are about, by name."""
        return self._kinds

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Everything that some permit opens."""
        return frozenset(action for rule in self.rules.values() if rule.permits for action in rule.actions)

    def covers(self, permission: str, kind: type[Aggregate]) -> bool:
        """Whether any permit opens this over this kind."""
        return any(self._permits(permission, kind.__name__))

    def allows(self, asking: Asking, permission: str) -> bool:
        """Whether anything may be open to the asker, of whatever kind: the gate before any look into the database."""
        return any(self._test(asking, permission, name) is not False for name in self._kinds)

    def outlook(self, asking: Asking, permission: str) -> Decision:
        """What is certain before anything is found: the classes that every permit of the asker's shows.

        For answers that are about no one thing, and for bodies of things that are only being made: those may say what
        any of the permits lets be written.
        """
        roles = self._roles(asking)
        rules = [rule for rule in self._speaking_of(permission) if rule.permits and rule.role in roles]
        if not rules:
            return DENIED
        decision = self._permitted(rules, asking)
        return replace(decision, shows=decision.shows.intersection(*(rule.shows for rule in rules)))

    def filter(
        self, asking: Asking, permission: str, kind: type[Aggregate], showing: Classes = NOTHING
    ) -> Filter | None:
        """The documents of a kind that a permit showing these classes opens to the asker; None: none at all."""
        test = self._test(asking, permission, kind.__name__, showing)
        if isinstance(test, bool):
            return {} if test else None
        return test

    def decide(self, asking: Asking, permission: str, aggregates: Sequence[Aggregate]) -> list[Decision]:
        """Cedar's decision on each of the aggregates, all in one call."""
        policies = self._sets.get(permission)
        if policies is None or not aggregates:
            return [DENIED for _ in aggregates]
        uids = [{"type": type(each).__name__, "id": each.id} for each in aggregates]
        entities = [self._principal(asking), *map(self._entity, aggregates, uids)]
        common = {"principal": {"type": STAFF, "id": asking.actor.person}, "action": {"type": ACTION, "id": permission}}
        context = orjson.dumps(asking.context).decode()
        requests = [{**common, "resource": uid, "context": context} for uid in uids]
        results = cedarpy.is_authorized_batch(requests, policies, orjson.dumps(entities).decode())
        return [self._decision(result, asking) for result in results]

    def _decision(self, result: cedarpy.AuthzResult, asking: Asking) -> Decision:
        reasons, errors = result.diagnostics.reasons, result.diagnostics.errors
        if errors or not result.allowed:
            return Decision(allowed=False, policies=tuple(sorted(reasons)) or ("error",) * bool(errors))
        return self._permitted([self.rules[id_] for id_ in sorted(reasons)], asking)

    def _permitted(self, rules: Sequence[Rule], asking: Asking) -> Decision:
        return Decision(
            allowed=True,
            policies=tuple(rule.id for rule in rules),
            roles=tuple(sorted(role for role in asking.actor.roles if any(self._is(role, rule) for rule in rules))),
            shows=frozenset().union(*(rule.shows for rule in rules)),
            writes=frozenset().union(*(rule.writes for rule in rules)),
        )

    def _is(self, role: str, rule: Rule) -> bool:
        return rule.role == role or rule.role in self._groups.get(role, ())

    def _roles(self, asking: Asking) -> frozenset[str]:
        """The asker's roles and the groups of these; a role that nobody knows is none."""
        held = [role for role in asking.actor.roles if role in self._groups]
        return frozenset(chain(held, *(self._groups[role] for role in held)))

    def _principal(self, asking: Asking) -> dict[str, Any]:
        parents = [{"type": ROLE, "id": role} for role in sorted(self._roles(asking))]
        return {"uid": {"type": STAFF, "id": asking.actor.person}, "attrs": asking.principal, "parents": parents}

    def _entity(self, aggregate: Aggregate, uid: Mapping[str, str]) -> dict[str, Any]:
        attributes = self._kinds[uid["type"]].attributes
        values = {name: each.value(aggregate) for name, each in attributes.items()}
        return {"uid": uid, "attrs": {name: v for name, v in values.items() if v is not None}, "parents": []}

    def _test(self, asking: Asking, permission: str, kind: str, showing: Classes = NOTHING) -> Test:
        roles = self._roles(asking)
        permits = [rule for rule in self._permits(permission, kind) if showing <= rule.shows]
        opened = any_of(self._condition(rule, kind, asking) for rule in permits if rule.role in roles)
        if opened is False:
            return False
        forbids = self._forbids(permission, kind)
        closed = [self._condition(rule, kind, asking) for rule in forbids if rule.role is None or rule.role in roles]
        return all_of((opened, none_of(any_of(closed))))

    def _condition(self, rule: Rule, kind: str, asking: Asking) -> Test:
        return all_of(condition(asking) for condition in self._conditions[rule.id, kind])

    def _permits(self, permission: str, kind: str) -> Iterable[Rule]:
        return (r for r in self._speaking_of(permission) if r.permits and r.kind == kind)

    def _forbids(self, permission: str, kind: str) -> Iterable[Rule]:
        return (r for r in self._speaking_of(permission) if not r.permits and r.kind in (None, kind))

    def _speaking_of(self, permission: str) -> Iterable[Rule]:
        return (rule for rule in self.rules.values() if not rule.actions or permission in rule.actions)


def policies_of(package: str, resources: Iterable[Resource], groups: Groups) -> Policies:
    """The policies in a package's `*.cedar` files."""
    return Policies(read_folder(package), resources, groups)


def no_policies() -> Policies:
    """For what has no routes."""
    return Policies((), (), {})
