"""What every scene works with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import httpx

from deploy.demo.canaries import Canaries
from deploy.demo.cast import OFFICERS, Person, returnee, stopped
from deploy.demo.checks import Checks
from deploy.demo.clock import StoryClock
from deploy.demo.desk import Desk, until
from deploy.demo.narration import Narrator
from deploy.demo.partner import Partner
from deploy.local.mailbox import read_mailbox
from deploy.local.platform import Platform

PARTNERS = ("lpsk", "bp2mi", "police")


@dataclass
class Stage:
    """The platform, the people, what they know by now, and what was checked."""

    platform: Platform
    http: httpx.AsyncClient
    narrator: Narrator
    canaries: Canaries
    checks: Checks = field(default_factory=Checks)
    notes: dict[str, Any] = field(default_factory=dict)
    """References that one scene leaves for the next: `stop`, `case`, `case_no`, …"""
    _mails_shown: int = 0

    def __post_init__(self) -> None:
        plan = self.platform.plan
        self.clock = StoryClock(plan.clock_file)
        self.desks = {ref: Desk(ref, plan, self.http) for ref in OFFICERS}
        self.partners = {name: Partner(name, plan) for name in PARTNERS}
        self.stopped: dict[str, Person] = {person.label: person for person in stopped(self.canaries)}
        self.returnee = returnee(self.canaries)

    def mails(self) -> list[EmailMessage]:
        """All mails so far."""
        return read_mailbox(self.platform.plan.mail)

    async def mails_sent(self, *addresses: str) -> Sequence[EmailMessage]:
        """The mails since the last look, as soon as each of these addresses has one of them; told as well."""

        async def look() -> list[EmailMessage] | None:
            new = self.mails()[self._mails_shown :]
            return new if {str(mail["To"]) for mail in new} >= set(addresses) else None

        new = await until(f"mails to {', '.join(addresses)}", look)
        self._mails_shown += len(new)
        self.narrator.sent(new)
        return new
