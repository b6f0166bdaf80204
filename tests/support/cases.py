"""Cases as it runs, on real servers: its own composition, its own interface, events fed in or published."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.cases.app import service
from services.cases.roster import load, read_roster
from services.cases.settings import Settings
from shared.events.codec import encode
from shared.events.envelope import EventData
from shared.events.incoming import Partition, Record
from shared.kernel.clock import system_clock
from shared.kernel.context import Cause
from shared.kernel.ids import new_id
from shared.service.definition import Role
from shared.service.runtime import Runtime
from tests.support.addresses import Addresses
from tests.support.platform import Caller, SignIn, local, serving, sign_in

STAFF = """\
members:
  - {person: O-20, agency: UPTD_PPA-53.71, roles: [CASE_MANAGER], valid_from: 2026-01-01T00:00:00+08:00}
  - {person: O-21, agency: UPTD_PPA-53.71, roles: [CASE_MANAGER], valid_from: 2026-01-01T00:00:00+08:00}
  - {person: O-22, agency: UPTD_PPA-53.02, roles: [CASE_MANAGER], valid_from: 2026-01-01T00:00:00+08:00}
  - {person: O-29, agency: UPTD_PPA-53.71, roles: [SUPERVISOR], valid_from: 2026-01-01T00:00:00+08:00}
  - {person: O-40, agency: BP3MI-53, roles: [CASE_MANAGER, AGENCY_OFFICER], valid_from: 2026-01-01T00:00:00+08:00}
  - {person: O-51, agency: LPSK-53, roles: [AGENCY_OFFICER], valid_from: 2026-01-01T00:00:00+08:00}
  - {person: O-60, agency: POLRI-53, roles: [AGENCY_OFFICER], valid_from: 2026-01-01T00:00:00+08:00}
"""

PRODUCERS = {
    "intake-events": "/pulang/intake",
    "case-events": "/pulang/cases",
    "staff-events": "/pulang/cases",
    "notice-events": "/pulang/notify",
} | {f"partner-{code}": f"/partner/{code}" for code in ("bp2mi", "police", "lpsk")}


@dataclass
class Cases(Caller):
    """The running service with a client, and a look behind it."""

    runtime: Runtime
    http: httpx.AsyncClient
    signing: SignIn
    fed: dict[str, int] = field(default_factory=dict)

    async def feed(self, topic: str, data: EventData, *, key: str, id_: str | None = None) -> None:
        """Let the lane apply an event as if it had been polled from the first partition of its topic."""
        place = Partition(topic, 0)
        if topic not in self.fed:
            await self.runtime.lane.positions([place])
        self.fed[topic] = self.fed.get(topic, -1) + 1
        record = Record(place, self.fed[topic], key, event_bytes(topic, data, key=key, id_=id_))
        await self.runtime.lane.apply([self.runtime.decode(record)])

    async def seal(self, by: str, case: str, *people: str, offices: tuple[str, ...] = ()) -> Any:
        """Seal a case, by its path: it is there for its manager, for whoever seals it and for those named alone."""
        body = {"people": people, "offices": offices, "reason": "WITNESS_PROTECTION"}
        return await self.post(by, f"{case}/seal", body)

    async def rows(self, collection: str, query: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Documents as they are stored, by id."""
        found = self.runtime.mongo.collection(collection).find(query or {}).sort([("_id", 1)])
        return list(await found.to_list(None))

    async def hire(self, text: str = STAFF) -> list[str]:
        """Load staff; answers who was published."""
        run = new_id()
        cause = Cause(action="STAFF_LOADED", id=run, correlation_id=run, channel="operator")
        return list(await load(read_roster(text, "staff.yaml"), self.runtime.bus, self.runtime.clock, cause))


def event_bytes(topic: str, data: EventData, *, key: str | None, id_: str | None = None) -> bytes:
    """A message as its rightful producer would write it."""
    return encode(
        data,
        id_=id_ or new_id(),
        source=PRODUCERS[topic],
        subject=key or "none",
        time=system_clock(),
        key=key,
        correlation_id=new_id() if topic.endswith("-events") else None,
    )


@asynccontextmanager
async def running_cases(stack: Addresses, unique: str, role: Role = Role.API, **given: Any) -> AsyncIterator[Cases]:
    """Cases in one role on a database and topics of this test's own, with its staff loaded. `given` are further
    settings."""
    async with sign_in() as signing:
        settings = local(Settings, stack, unique, signing.url, **given)
        async with serving(service(settings), settings, role) as running:
            cases = Cases(running.runtime, running.http, signing)
            await cases.hire()
            yield cases
