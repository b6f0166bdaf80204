"""Identities that exist nowhere else: whatever of them is found outside the vault has leaked."""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

DISTRICT = "99"
"""No kecamatan has this code, so that no number made here is anybody's."""


@dataclass
class Canaries:
    """Makes values and remembers them. `dice` decides the digits; names are always new."""

    dice: random.Random = field(default_factory=random.SystemRandom)
    _needles: dict[str, str] = field(default_factory=dict)

    @property
    def needles(self) -> Mapping[str, str]:
        """What to look for → what it is, for a report that does not repeat it."""
        return self._needles

    def text(self, what: str) -> str:
        """A name or the beginning of some prose."""
        made = f"KANARI-{uuid.UUID(int=self.dice.getrandbits(128))}"
        return self._remember(made, what)

    def nik(self, what: str, kabupaten: str, *, woman: bool) -> str:
        """A number of the civil registry (16 digits): region, birthday with 40 added for a woman, serial."""
        day = self.dice.randint(1, 28) + (40 if woman else 0)
        birthday = f"{day:02}{self.dice.randint(1, 12):02}{self.dice.randint(80, 99)}"
        return self._remember(
            f"{kabupaten.replace('.', '')}{DISTRICT}{birthday}{self.dice.randint(1, 9999):04}", f"NIK of {what}"
        )

    def phone(self, what: str) -> str:
        """A mobile number; it is looked for without its prefix, which is written in several ways."""
        digits = self._remember(f"8{self.dice.randint(10**9, 10**10 - 1)}", f"phone of {what}")
        return f"+62{digits}"

    def village(self, code: str) -> str:
        """A village's code; the place itself is real, that somebody comes from there is the secret."""
        return self._remember(code, "somebody's village")

    def _remember(self, needle: str, what: str) -> str:
        self._needles[needle] = what
        return needle
