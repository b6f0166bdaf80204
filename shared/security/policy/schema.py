"""The Cedar schema: made of the aggregates' own types and of what the policies speak about, so that it fits both."""

from collections.abc import Iterable, Mapping

from shared.security.policy.asking import CIRCUMSTANCES, CONTEXT, PRINCIPAL, ROLE, STAFF
from shared.security.policy.attributes import Attribute
from shared.security.policy.kinds import Resource


def schema_of(resources: Iterable[Resource], actions: Mapping[str, Iterable[str]]) -> str:
    """The schema's text; `actions` are the permissions with the kinds that each is about."""
    lines = [f"entity {ROLE};", f"entity {STAFF} in [{ROLE}] = {_record(PRINCIPAL)};"]
    lines += [f"entity {each.name} = {_record(_types(each.attributes))};" for each in resources]
    lines.append(f"type {CIRCUMSTANCES} = {_record(CONTEXT)};")
    for action, kinds in sorted(actions.items()):
        applies = f"principal: [{STAFF}], resource: [{', '.join(sorted(kinds))}], context: {CIRCUMSTANCES}"
        lines.append(f'action "{action}" appliesTo {{ {applies} }};')
    return "\n".join(lines) + "\n"


def _types(attributes: Mapping[str, Attribute]) -> Mapping[str, str]:
    return {name + ("?" if each.optional else ""): _type(each) for name, each in attributes.items()}


def _type(attribute: Attribute) -> str:
    name = "Long" if attribute.scalar == "Moment" else attribute.scalar
    return f"Set<{name}>" if attribute.is_set else name


def _record(types: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{name}: {type_}" for name, type_ in types.items()) + " }"
