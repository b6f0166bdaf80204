"""Who asks, and in what circumstances: everything that a decision depends on beside the resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from shared.kernel.context import Actor
from shared.security.policy.scalars import milliseconds

STAFF, ROLE, ACTION, CIRCUMSTANCES = "Staff", "Role", "Action", "Circumstances"

CASEWORK = "CASEWORK"
"""The purpose of whoever names none."""

PRINCIPAL: Mapping[str, str] = {
    "person": "String",
    "agency": "String",
    "agency_code": "String",
    "region": "String",
    "unit": "String",
    "kabupaten": "Set<String>",
    "limited": "Bool",
    "excluded": "Set<String>",
    "sealed": "Set<String>",
}
"""What policies may ask of a member of staff. `agency` is the office (`GT_KAB-53.02`), `agency_code` and `region` its
two parts; `limited` says that they answer for the regencies in `kabupaten` alone; `excluded` are the
references of cases and people in which they have an interest of their own, `sealed` those that are sealed without
naming them."""

CONTEXT: Mapping[str, str] = {"now": "Long", "purpose": "String"}
"""And of the circumstances: the moment, in milliseconds since the epoch, and the declared purpose."""


@dataclass(frozen=True)
class Asking:
    """An actor at a moment, for a purpose."""

    actor: Actor
    now: datetime
    purpose: str = CASEWORK

    @cached_property
    def principal(self) -> Mapping[str, Any]:
        """The attributes of the actor."""
        code, _, region = self.actor.agency.rpartition("-")
        return {
            "person": self.actor.person,
            "agency": self.actor.agency,
            "agency_code": code,
            "region": region,
            "unit": self.actor.unit,
            "kabupaten": sorted(self.actor.kabupaten),
            "limited": bool(self.actor.kabupaten),
            "excluded": sorted(self.actor.excluded),
            "sealed": sorted(self.actor.sealed),
        }

    @cached_property
    def context(self) -> Mapping[str, Any]:
        """The attributes of the circumstances."""
        return {"now": milliseconds(self.now), "purpose": self.purpose}
