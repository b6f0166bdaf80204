"""`docs/permissions.md`: who may do and see what, out of the policies themselves."""

from collections.abc import Iterable, Iterator, Mapping

from shared.reference.roles import ROLES
from shared.security.policy.classes import in_order
from shared.security.policy.engine import Policies
from shared.security.policy.rules import Rule

HEAD = """# Who may do and see what

Made from `services/*/policies/*.cedar`; the conditions and their reasons stand there. What no policy permits is denied,
a forbid wins over every permit, and a field of a class that is not shown is null and listed in `masked`.

| class | what it is |
|---|---|
| C0 | public, or no more than the asker said themselves |
| C1 | a case without a person: state, agencies, dates, regency |
| C2 | profile and services: age band, sex, origin, screening results |
| C3 | identity: name, NIK, phone, address, village, family |
| C4 | sensitive: health, violence, children, money, interviews, an agency's own notes |
| C5 | a shelter's or a protected person's place, a reporter's identity |
"""


def policy_page(services: Mapping[str, Policies]) -> str:
    """The page for these services."""
    parts = [HEAD, *(f"## {name}\n\n{_tables(policies)}" for name, policies in services.items())]
    return "\n".join([*parts, _roles()])


def _tables(policies: Policies) -> str:
    rules = list(policies.rules.values())
    opened = _table(_permits(rule) for rule in rules if rule.permits)
    closed = _table(_forbids(rule) for rule in rules if not rule.permits)
    head = "| role | may | over | sees | may write | policy | basis |\n|---|---|---|---|---|---|---|\n"
    return f"{head}{opened}\n| for nobody | over | policy | basis |\n|---|---|---|---|\n{closed}"


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _permits(rule: Rule) -> tuple[str, ...]:
    shows, writes = " ".join(in_order(rule.shows)), " ".join(in_order(rule.writes))
    return f"`{rule.role}`", _actions(rule), rule.kind or "", shows, writes, _place(rule), rule.basis


def _forbids(rule: Rule) -> tuple[str, ...]:
    return _actions(rule) or "anything", rule.kind or "any kind", _place(rule), rule.basis


def _actions(rule: Rule) -> str:
    return ", ".join(sorted(rule.actions))


def _place(rule: Rule) -> str:
    return f"[{rule.id}](../{rule.statement.file})"


def _roles() -> str:
    return "\n".join(["## Roles\n", *_role_rows(), ""])


def _role_rows() -> Iterator[str]:
    yield "| role | Indonesian | English | speaks in policies also as |"
    yield "|---|---|---|---|"
    for role in ROLES.values():
        groups = ", ".join(f"`{group}`" for group in role.member_of)
        yield f"| `{role.code}` | {role.label_id} | {role.label_en} | {groups} |"
