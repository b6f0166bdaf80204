"""Who may be given which role, and by whom."""

from collections.abc import Collection, Mapping
from typing import Literal

from services.cases.domain.workflow import Code, Strict
from shared.kernel.errors import Kind, Reject, invalid

Giver = Literal["ADMINISTRATOR", "OPERATOR"]


class StaffRole(Strict):
    """One role: the agencies that may have it (none named: all), and who gives it."""

    code: Code
    agencies: tuple[str, ...] = ()
    given_by: Giver


def check_roles(
    catalogue: Mapping[str, StaffRole], roles: Collection[str], office: str, kept: Collection[str] = ()
) -> None:
    """What an administrator gives; raises Reject.

    Roles that the member has already (`kept`) and that only an operator gives may stay; they cannot be given, and
    they cannot be taken away either, since an auditor must not depend on whom they audit.
    """
    agency = office.rpartition("-")[0]
    for code in roles:
        role = catalogue.get(code)
        if role is None:
            raise invalid("UNKNOWN_ROLE", "/roles")
        if role.agencies and agency not in role.agencies:
            raise invalid("ROLE_NOT_OF_THIS_AGENCY", "/roles")
    given_by_others = {code for code, role in catalogue.items() if role.given_by == "OPERATOR"}
    if given_by_others & set(roles) != given_by_others & set(kept):
        raise Reject("ROLE_GIVEN_BY_OPERATOR", Kind.FORBIDDEN)
