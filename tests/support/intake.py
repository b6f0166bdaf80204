"""Intake as it runs, on real servers: its own composition, its own interface, events fed in or laid in the outbox."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from bson import json_util

from services.intake.app import service
from services.intake.settings import Settings
from shared.events.envelope import EventData
from shared.events.incoming import Partition, Record
from shared.kernel.ids import new_id
from shared.security.staff import Member
from shared.service.definition import Role
from tests.support.addresses import Addresses
from tests.support.cases import event_bytes
from tests.support.platform import Caller, Running, SignIn, local, serving, sign_in

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
POSKO, UPTD, MANAGER, POLICE, BP3MI = "O-01", "O-20", "O-21", "O-60", "O-40"
DPO, CHIEF = "O-90", "O-22"
TTS, TTU, MALAKA, ALOR = "O-02", "O-03", "O-04", "O-05"

STAFF: Mapping[str, tuple[str, str]] = {
    POSKO: ("NAKER_PROV-53", "POSKO_OFFICER"),
    TTS: ("GT_KAB-53.02", "POSKO_OFFICER"),
    TTU: ("GT_KAB-53.03", "POSKO_OFFICER"),
    MALAKA: ("GT_KAB-53.21", "POSKO_OFFICER"),
    ALOR: ("GT_KAB-53.05", "POSKO_OFFICER"),
    UPTD: ("UPTD_PPA-53.71", "INTAKE_OFFICER"),
    MANAGER: ("UPTD_PPA-53.71", "CASE_MANAGER"),
    POLICE: ("POLRI-53", "AGENCY_OFFICER"),
    BP3MI: ("BP3MI-53", "AGENCY_OFFICER"),
    CHIEF: ("UPTD_PPA-53.71", "SUPERVISOR"),
    DPO: ("DPO-53", "DPO"),
}
"""Person → office and role."""


@dataclass
class Intake(Caller):
    """The running service with a client, and a look behind it."""

    running: Running
    signing: SignIn
    settings: Settings
    fed: dict[str, int] = field(default_factory=dict)

    @property
    def http(self) -> httpx.AsyncClient:  # type: ignore[override]
        """The client of its interface."""
        return self.running.http

    async def feed(self, topic: str, data: EventData, *, key: str) -> None:
        """Let the lane apply an event as if it had been polled from the first partition of its topic."""
        place = Partition(topic, 0)
        runtime = self.running.runtime
        if topic not in self.fed:
            await runtime.lane.positions([place])
        self.fed[topic] = self.fed.get(topic, -1) + 1
        raw = event_bytes(topic, data, key=key)
        await runtime.lane.apply([runtime.decode(Record(place, self.fed[topic], key, raw))])

    async def rows(self, name: str, database: str | None = None) -> list[dict[str, Any]]:
        """All documents of a collection, by id."""
        found = self.running.runtime.mongo.collection(name, database).find({}).sort([("_id", 1)])
        return list(await found.to_list(None))

    async def events(self, kind: type[EventData]) -> list[dict[str, Any]]:
        """Bodies of the events of a type that wait in the outbox, in the order of their making."""
        envelopes = [json.loads(row["value"]) for row in await self.rows("outbox")]
        return [envelope["data"] for envelope in envelopes if envelope["type"] == kind.type]

    async def everything(self, database: str) -> str:
        """All that a database holds, as text; what is encrypted stays so."""
        found = self.running.runtime.mongo.client[database]
        kept = {name: await found[name].find({}).to_list(None) for name in await found.list_collection_names()}
        return readable(kept)


def readable(value: Any) -> str:
    """Documents as text, bytes in them included, so that a search finds whatever is not encrypted."""
    return json_util.dumps(value, default=str) + _bytes_in(value)


def _bytes_in(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Mapping):
        return "".join(_bytes_in(inner) for inner in value.values())
    return "".join(_bytes_in(inner) for inner in value) if isinstance(value, list) else ""


@asynccontextmanager
async def running_intake(
    stack: Addresses, unique: str, now: tuple[Path, datetime] | None = None, role: Role = Role.API, **given: Any
) -> AsyncIterator[Intake]:
    """Intake in one role on databases of this test's own, with staff. `now` sets its clock, by a file; `given` are
    further settings."""
    async with sign_in() as signing:
        more: dict[str, Any] = {"suspects_database": f"{unique}_suspects", **given}
        if now is not None:
            offset = (now[1] - datetime.now(UTC)).total_seconds()
            now[0].write_text(str(offset))
            more["clock_offset_file"] = now[0]
        settings = local(Settings, stack, unique, signing.url, **more)
        async with serving(service(settings), settings, role) as running:
            await running.employ(*(member(person, *place) for person, place in STAFF.items()))
            yield Intake(running, signing, settings)


def member(person: str, agency: str, role: str) -> Member:
    """A member of staff."""
    return Member(id=person, agency=agency, roles=(role,), valid_from=SINCE)


def fresh_refs(*names: str) -> dict[str, str]:
    """References as a client makes them, by the names of a story."""
    return {name: new_id() for name in names}
