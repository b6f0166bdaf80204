"""Who asks, and in what circumstances: everything that a decision depends on beside the resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from shared.kernel.context import Actor
from shared.security.policy.classes import DataClass
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
    "granted": "Set<String>",
    "granted_profile": "Set<String>",
    "granted_identity": "Set<String>",
    "granted_sensitive": "Set<String>",
    "emergency": "Set<String>",
}
"""What policies may ask of a member of staff. `agency` is the office (`GT_KAB-53.02`), `agency_code` and `region` its
two parts; `limited` says that they answer for the regencies in `kabupaten` alone; `excluded` are the
references of cases and people in which they have an interest of their own, `sealed` those that are sealed without
naming them. `granted` are those that are open to them for a time and this purpose, the next three those of which class
C2, C3 or C4 is open too; `emergency` are those that they opened themselves."""

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
            "granted": self._granted(DataClass.C1),
            "granted_profile": self._granted(DataClass.C2),
            "granted_identity": self._granted(DataClass.C3),
            "granted_sensitive": self._granted(DataClass.C4),
            "emergency": self._opened(emergency=True),
        }

    def _granted(self, data_class: DataClass) -> list[str]:
        return self._opened(emergency=False, data_class=data_class)

    def _opened(self, *, emergency: bool, data_class: DataClass = DataClass.C1) -> list[str]:
        """What is open at this moment: a grant ends at its hour, whether or not anything has tidied it away."""
        held = [each for each in self.actor.openings if each.holds(self.now, self.purpose)]
        open_ = [each for each in held if each.emergency is emergency and data_class in each.classes]
        return sorted({ref for each in open_ for ref in each.refs})

    @cached_property
    def context(self) -> Mapping[str, Any]:
        """The attributes of the circumstances."""
        return {"now": milliseconds(self.now), "purpose": self.purpose}
