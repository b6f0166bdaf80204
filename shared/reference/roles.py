"""The roles that staff hold, the groups in which policies speak of several at once, and the purposes of an access."""

from collections.abc import Iterable, Mapping

from shared.reference.table import Labelled, Table


class Role(Labelled):
    """A role. `groups` are separated by spaces; nobody holds a group itself."""

    groups: str | None

    @property
    def member_of(self) -> tuple[str, ...]:
        """Its groups."""
        return tuple((self.groups or "").split())


ROLES: Mapping[str, Role] = Table(Role, "roles.csv")

PARTNER_SYSTEM = "PARTNER_SYSTEM"
"""What a partner agency's own system is to the policies. No person holds it, so it stands in no list of roles."""

PURPOSES: Mapping[str, Labelled] = Table(Labelled, "purposes.csv")
"""What data may be asked for (UU 27/2022 Art 16, 27 and 28: limited, specific, and true to its purpose)."""


def role_label(code: str, lang: str) -> str:
    """What people call a role in this language; an unknown code stands for itself."""
    role = ROLES.get(code)
    return role.label(lang) if role else code


def role_groups() -> Mapping[str, tuple[str, ...]]:
    """Each role with its groups, as policies take them; the machines' one among them."""
    return {PARTNER_SYSTEM: (), **{code: role.member_of for code, role in ROLES.items()}}


def works_on_cases(roles: Iterable[str]) -> bool:
    """Whether one of these roles is for work on cases."""
    return any("CASE_STAFF" in ROLES[role].member_of for role in roles if role in ROLES)
