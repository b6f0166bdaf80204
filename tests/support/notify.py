"""Notify on a real database and a real mail server, for tests that move it step by step."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson

from deploy.local.mailbox import Mailbox, serving
from services.notify.app import sender, service
from services.notify.commands import SetAddressBook
from services.notify.domain.address_book import Recipient
from services.notify.domain.delivery import Delivery
from services.notify.sender import Sender
from services.notify.settings import Settings
from services.notify.texts import load_catalogue
from shared.events import case_v1
from shared.events.codec import encode
from shared.events.envelope import EventData
from shared.events.incoming import Partition, Record
from shared.events.staff_v1 import MemberPublished
from shared.http.app import make_app, make_backing
from shared.kernel.aggregate import Aggregate
from shared.kernel.command import Command
from shared.kernel.context import Cause
from shared.kernel.ids import new_id
from shared.mongo.audit_trail import AuditTrail
from shared.security.keyset import KeySource
from shared.security.staff import StaffDirectory
from shared.security.tokens import TokenVerifier
from shared.service.definition import Role
from shared.service.roles import running
from shared.service.runtime import Runtime, open_runtime
from tests.support.http import ISSUER, SECRET, key_set

A = TypeVar("A", bound=Aggregate)

UPTD, LPSK, POLRI = "UPTD_PPA-53.71", "LPSK-53", "POLRI-53"
HAPPENED = datetime(2026, 5, 13, 20, 40, tzinfo=UTC)
CASE_NO = "NTT-2026-048213"


def progressed(agency: str = POLRI, lead: str = UPTD, case_no: str = CASE_NO) -> case_v1.FileProgressed:
    """An agency's file moved on."""
    return case_v1.FileProgressed(
        occurred_at=HAPPENED, case_ref="case-1", case_no=case_no, file_ref="file-1", agency=agency, lead=lead,
        stage="SUBMITTED",
    )  # fmt: skip


def record(data: EventData, offset: int, id_: str | None = None, key: str = "case-1") -> Record:
    """The event as it lies on its topic."""
    value = encode(
        data, id_=id_ or new_id(), source="/pulang/cases", subject=key, time=HAPPENED, key=key, correlation_id=new_id()
    )
    return Record(Partition(data.topics[0], 0), offset, key, value)


@dataclass
class Notify:
    """One process's worth of notify. The sender's clock is moved by hand."""

    runtime: Runtime
    mailbox: Mailbox
    sender: Sender
    later: timedelta = timedelta()
    offset: int = field(default=0)

    async def apply(self, data: EventData, id_: str | None = None) -> None:
        """Let the lane apply one more event."""
        await self.runtime.lane.apply([self.runtime.decode(record(data, self.offset, id_))])
        self.offset += 1  # one sequence for all topics: gaps are allowed, going back is not

    async def write_down(self, office: str, *recipients: Recipient) -> None:
        """Set an office's address book."""
        await self.submit(SetAddressBook(office, recipients))

    async def submit(self, body: object) -> Aggregate:
        """A command through the bus."""
        receipt = await self.runtime.bus.submit(Command(body, Cause("TEST", new_id(), new_id())))
        return receipt.aggregate

    async def all(self, kind: type[A], **query: Any) -> list[A]:
        """All aggregates of a kind, oldest first."""
        return await self.runtime.reader.find(kind, query, sort=[("_id", 1)], limit=1000)

    async def mails(self) -> list[Delivery]:
        """The deliveries by mail, oldest first."""
        return await self.all(Delivery, channel="EMAIL")

    async def published(self) -> list[tuple[str, Any]]:
        """What waits in the outbox: type and body."""
        rows = await self.runtime.mongo.collection("outbox").find({}).sort([("_id", 1)]).to_list(None)
        events = [orjson.loads(row["value"]) for row in rows]
        return [(event["type"], event["data"]) for event in events]


def settings_for(mongo_uri: str, database: str, mail_port: int, **more: Any) -> Settings:
    """Settings of a local notify."""
    values = {
        "local": True, "mongo_uri": mongo_uri, "mongo_database": database, "key_database": f"{database}_keys",
        "mail_port": mail_port, "mail_tls": "none", "mail_step_s": 1.0, "mail_sender": "pulang@ntt.example",
        "public_url": "https://pulang.example", "http_port": 0,
    }  # fmt: skip
    return Settings(**{**values, **more})  # type: ignore[arg-type]


@asynccontextmanager
async def notify(
    mongo_uri: str, database: str, folder: Path, mailbox: Mailbox | None = None, **more: Any
) -> AsyncIterator[Notify]:
    """A notify whose command lane runs; events and the sender's rounds are up to the test. `more` are settings."""
    box = mailbox or Mailbox(folder)
    async with serving(box) as port:
        settings = settings_for(mongo_uri, database, port, **more)
        async with open_runtime(service(settings), settings) as runtime, running(runtime, Role.API):
            await runtime.lane.positions([Partition(topic, 0) for topic in runtime.registry.consumed_by("notify")])
            ours = Notify(runtime, box, sender(settings, load_catalogue(), runtime))
            machine = ours.sender.clock
            ours.sender = replace(ours.sender, clock=lambda: machine() + ours.later)
            yield ours


def desk(name: str = "desk", language: str = "id") -> Recipient:
    """An entry of an address book."""
    return Recipient.model_validate({"id": name, "email": f"{name}@uptd.example", "language": language})


def states(deliveries: Sequence[Delivery]) -> list[tuple[str, str | None, int]]:
    """State, reason and attempts of each."""
    return [(d.state.value, d.reason, d.attempts) for d in deliveries]


@asynccontextmanager
async def client_of(ours: Notify) -> AsyncIterator[httpx.AsyncClient]:
    """Notify's interface, signed in to by tests' own issuer; `as_person` makes the headers."""
    runtime = ours.runtime
    backing = make_backing(
        service="notify",
        secret=SECRET,
        positions_secret=SECRET,
        bus=runtime.bus,
        reader=runtime.reader,
        audit=runtime.audit,
        verifier=TokenVerifier(KeySource(key_set), ISSUER.url, ISSUER.audience),
        directory=StaffDirectory(runtime.reader),
        policies=runtime.service.policies,
        clock=runtime.clock,
        trail=AuditTrail("notify", runtime.mongo),
        parts=runtime.parts,
    )
    app = make_app(service="notify", routes=runtime.service.routes, backing=backing, checks={}, metrics=runtime.metrics)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify.test") as client:
        yield client


def as_person(person: str, **headers: str) -> dict[str, str]:
    """Headers of a request by a member of staff, with an idempotency key of its own."""
    return {"Authorization": f"Bearer {ISSUER.mint(person)}", "Idempotency-Key": new_id(), **headers}


def member(person: str, role: str, agency: str = UPTD) -> MemberPublished:
    """A member of staff, as cases publishes them."""
    return MemberPublished(occurred_at=HAPPENED, person=person, agency=agency, roles=(role,), valid_from=HAPPENED)
