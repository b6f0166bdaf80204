"""A service's policies: read from its files, checked by Cedar against the schema and by us against the subset."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files

import cedarpy
from cedarpy import pst

from shared.security.policy.compiling import Condition, OutsideSubset, compiled
from shared.security.policy.kinds import Resource
from shared.security.policy.rules import PolicyError, Rule, read_rule
from shared.security.policy.schema import schema_of
from shared.security.policy.statements import Statement, statements


@dataclass(frozen=True)
class Checked:
    """Policies that hold together. `conditions` are those of each rule for each kind that it speaks about."""

    rules: Mapping[str, Rule]
    schema: str
    conditions: Mapping[tuple[str, str], tuple[Condition, ...]]


def read_folder(package: str) -> list[Statement]:
    """The statements of all `*.cedar` files of a package."""
    found = sorted((file for file in files(package).iterdir() if file.name.endswith(".cedar")), key=lambda f: f.name)
    folder = package.replace(".", "/")
    return [each for file in found for each in statements(file.read_text("utf-8"), f"{folder}/{file.name}")]


def checked(texts: Iterable[Statement], resources: Iterable[Resource], roles: Iterable[str]) -> Checked:
    """The policies; raises PolicyError that lists every mistake."""
    kinds, known = {each.name: each for each in resources}, frozenset(roles)
    rules, faults = _read(texts, known)
    actions = {action: _kinds_of(action, rules.values()) for rule in rules.values() for action in rule.actions}
    faults += [fault for rule in rules.values() for fault in _misplaced(rule, kinds, actions)]
    _refuse(faults)
    schema = schema_of(kinds.values(), actions)
    _refuse(_by_cedar(rules, schema))
    conditions, faults = _compile(rules.values(), kinds)
    _refuse(faults)
    return Checked(rules, schema, conditions)


def _read(texts: Iterable[Statement], roles: frozenset[str]) -> tuple[dict[str, Rule], list[str]]:
    rules: dict[str, Rule] = {}
    faults: list[str] = []
    for statement in texts:
        try:
            rule = read_rule(statement, roles)
        except PolicyError as error:
            faults.append(str(error))
            continue
        if rule.id in rules:
            faults.append(f"{statement.place}: {rule.id} stands in {rules[rule.id].statement.place} too")
        rules[rule.id] = rule
    return rules, faults


def _kinds_of(action: str, rules: Iterable[Rule]) -> frozenset[str]:
    return frozenset(rule.kind for rule in rules if rule.permits and rule.kind and action in rule.actions)


def _misplaced(rule: Rule, kinds: Mapping[str, Resource], actions: Mapping[str, frozenset[str]]) -> Iterable[str]:
    if rule.kind is not None and rule.kind not in kinds:
        yield f"{rule.statement.place}: there is no kind {rule.kind}"
    for action in sorted(rule.actions):
        if not actions[action] or (rule.kind and rule.kind not in actions[action]):
            yield f"{rule.statement.place}: no permit opens {action} over this kind"


def _by_cedar(rules: Mapping[str, Rule], schema: str) -> list[str]:
    """What Cedar's own strict validation says: types, unknown attributes, optional ones without `has`.

    All at once, since most of the time goes into reading the schema; one by one only to say which is wrong.
    """
    if not cedarpy.validate_policies("\n".join(rule.statement.text for rule in rules.values()), schema).errors:
        return []
    found = (cedarpy.validate_policies(rule.statement.text, schema) for rule in rules.values())
    told = zip(rules.values(), found, strict=True)
    return [f"{rule.statement.place}: {_told(fault)}" for rule, said in told for fault in said.errors]


def _told(fault: cedarpy.ValidationError) -> str:
    """Without the parser's own name for the policy."""
    return " ".join(fault.error.split()).removeprefix("for policy `policy0`, ")


def _compile(
    rules: Iterable[Rule], kinds: Mapping[str, Resource]
) -> tuple[dict[tuple[str, str], tuple[Condition, ...]], list[str]]:
    conditions: dict[tuple[str, str], tuple[Condition, ...]] = {}
    faults: list[str] = []
    for rule in rules:
        for name in [rule.kind] if rule.kind else kinds:
            try:
                conditions[rule.id, name] = tuple(compiled(expr, kinds[name]) for expr in rule.conditions)
            except OutsideSubset as error:
                faults.append(f"{rule.statement.place}: {error}")
    return conditions, faults


def _refuse(faults: list[str]) -> None:
    if faults:
        raise PolicyError("\n".join(faults))


def policy_set(rules: Iterable[Rule]) -> cedarpy.PolicySet:
    """Parsed once, each policy under its own id."""
    nodes = pst.FrozenMap({rule.id: replace(rule.node, id=rule.id) for rule in rules})
    return cedarpy.PolicySet.from_pst(pst.PolicySet(pst.FrozenMap(), nodes, ()))
