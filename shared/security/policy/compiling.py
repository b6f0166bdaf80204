"""From a policy's condition to a filter of the database. What does not compile is outside the subset, and refused.

The subset: `==`, `!=`, `<`, `<=`, `>`, `>=` between one attribute of the resource and literals or attributes of
principal and context; `contains`, `containsAny`, `containsAll` on sets; `resource has`; `&&`, `||`, `!`. The decision
is Cedar's own; this is the same condition for the database, with everything but the resource known.
"""

from collections.abc import Callable
from typing import Any

from cedarpy.pst import BinaryOp, BoolLit, Expr, GetAttr, HasAttr, LongLit, Set, StringLit, UnaryOp, Var

from shared.security.policy.asking import CONTEXT, PRINCIPAL, Asking
from shared.security.policy.attributes import Attribute
from shared.security.policy.filters import Test, all_of, any_of, none_of
from shared.security.policy.kinds import Resource

Condition = Callable[[Asking], Test]
"""What is left of a condition once everything but the resource is known."""

Value = Callable[[Asking], Any]

COMPARISONS = {"less": "$lt", "less_eq": "$lte", "greater": "$gt", "greater_eq": "$gte"}
TURNED = {"less": "greater", "less_eq": "greater_eq", "greater": "less", "greater_eq": "less_eq"}
SET_TESTS = ("contains", "contains_any", "contains_all")


class OutsideSubset(ValueError):
    """A construct that policies of ours do not use; the message says which."""


def never(_: Asking) -> Test:
    """The condition that nothing meets."""
    return False


def compiled(expr: Expr, kind: Resource) -> Condition:
    """The condition over this kind; raises OutsideSubset."""
    match expr:
        case BoolLit(value):
            return lambda _: value
        case UnaryOp("not", inner):
            condition = compiled(inner, kind)
            return lambda asking: none_of(condition(asking))
        case BinaryOp("and", left, right):
            return _and(compiled(left, kind), right, kind)
        case BinaryOp("or", left, right):
            either = (compiled(left, kind), compiled(right, kind))
            return lambda asking: any_of(condition(asking) for condition in either)
        case BinaryOp("not_eq", left, right):
            same = _equal(left, right, kind)
            return lambda asking: none_of(same(asking))
        case BinaryOp("eq", left, right):
            return _equal(left, right, kind)
        case BinaryOp(op, left, right) if op in COMPARISONS:
            return _compared(op, left, right, kind)
        case BinaryOp(op, left, right) if op in SET_TESTS:
            return _set_test(op, left, right, kind)
        case HasAttr(Var("resource"), (name,)):
            return _has(name, kind)
        case GetAttr():
            return _flag(expr, kind)
    raise OutsideSubset(f"{_named(expr)} is not used in policies")


def _and(left: Condition, right: Expr, kind: Resource) -> Condition:
    """As Cedar does, the right side is not looked at where the left cannot hold: this kind may lack its attributes."""
    if left is never:
        return never
    rest = compiled(right, kind)
    return never if rest is never else lambda asking: all_of((left(asking), rest(asking)))


def _equal(left: Expr, right: Expr, kind: Resource) -> Condition:
    ours, theirs = _attribute(left, kind), _attribute(right, kind)
    if ours is None and theirs is None:
        one, other = _value(left), _value(right)
        return lambda asking: one(asking) == other(asking)
    attribute, value = (ours, _value(right)) if ours else (_sure(theirs), _value(left))
    if attribute.is_set:
        raise OutsideSubset("a set is asked whether it contains something, not whether it is equal")
    return lambda asking: attribute.matching([value(asking)])


def _compared(op: str, left: Expr, right: Expr, kind: Resource) -> Condition:
    theirs = _attribute(right, kind)
    if theirs is not None:
        return _compared(TURNED[op], right, left, kind)
    attribute, value = _attribute(left, kind), _value(right)
    if attribute is None:
        raise OutsideSubset("a comparison is about the resource")
    return lambda asking: attribute.compared(COMPARISONS[op], value(asking))


def _set_test(op: str, left: Expr, right: Expr, kind: Resource) -> Condition:
    ours, theirs = _attribute(left, kind), _attribute(right, kind)
    if ours is None and theirs is None:
        whole, part = _value(left), _value(right)
        return lambda asking: _holds(op, whole(asking), part(asking))
    if ours is not None and theirs is None:
        wanted = _several(op, right)
        join = all_of if op == "contains_all" else any_of
        return lambda asking: join(ours.matching([each]) for each in wanted(asking))
    if ours is None and theirs is not None and op != "contains_all":
        among = _value(left)
        return lambda asking: theirs.matching(among(asking))
    raise OutsideSubset(f"the resource stands on the wrong side, or on both, of {op}")


def _holds(op: str, whole: Any, part: Any) -> bool:
    if op == "contains":
        return part in whole
    return any(each in whole for each in part) if op == "contains_any" else all(each in whole for each in part)


def _several(op: str, expr: Expr) -> Value:
    value = _value(expr)
    return (lambda asking: [value(asking)]) if op == "contains" else value


def _has(name: str, kind: Resource) -> Condition:
    attribute = kind.attributes.get(name)
    if attribute is None:
        return never
    present = attribute.present() if attribute.optional else True
    return lambda _: present


def _flag(expr: Expr, kind: Resource) -> Condition:
    attribute = _attribute(expr, kind)
    if attribute is not None:
        return lambda asking: attribute.matching([True])
    value = _value(expr)
    return lambda asking: value(asking) is True


def _attribute(expr: Expr, kind: Resource) -> Attribute | None:
    """The resource's attribute that the expression is; None where it is something else."""
    match expr:
        case GetAttr(Var("resource"), name):
            if name not in kind.attributes:
                raise OutsideSubset(f"{kind.name} has no attribute {name}")
            return kind.attributes[name]
    return None


def _value(expr: Expr) -> Value:
    """What is known without the resource."""
    match expr:
        case BoolLit(value) | LongLit(value) | StringLit(value):
            return lambda _: value
        case Set(elements):
            parts = [_value(element) for element in elements]
            return lambda asking: [part(asking) for part in parts]
        case GetAttr(Var("principal"), name) if name in PRINCIPAL:
            return lambda asking: asking.principal[name]
        case GetAttr(Var("context"), name) if name in CONTEXT:
            return lambda asking: asking.context[name]
    raise OutsideSubset(f"{_named(expr)} is not used in policies")


def _sure(attribute: Attribute | None) -> Attribute:
    if attribute is None:
        raise OutsideSubset("neither side is the resource")
    return attribute


def _named(expr: Expr) -> str:
    match expr:
        case UnaryOp(op, _) | BinaryOp(op, _, _):
            return f"`{op}`"
        case GetAttr(_, name):
            return f"the attribute `{name}`"
    return f"`{type(expr).__name__}`"
