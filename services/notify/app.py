"""Notify, put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.notify.api import deliveries, inbox
from services.notify.commands import commands
from services.notify.domain.catalogue import Catalogue
from services.notify.handlers import handlers
from services.notify.mail import Letterhead, MailServer
from services.notify.permissions import policies
from services.notify.sender import Sender
from services.notify.settings import Settings
from services.notify.store import ENTRIES, INDEXES, KINDS
from services.notify.texts import load_catalogue
from services.notify.titles import TITLES
from shared.http import seals as reported_seals
from shared.kernel.clock import system_clock
from shared.security import seals, staff
from shared.service.definition import Role, Service
from shared.service.runtime import Runtime


@dataclass(frozen=True)
class Parts:
    """What notify's routes use beyond the runtime."""

    catalogue: Catalogue


def service(settings: Settings) -> Service:
    """The whole service; raises ValueError where rules or texts are wrong."""
    catalogue = load_catalogue()

    @asynccontextmanager
    async def parts(_: Runtime) -> AsyncIterator[Parts]:
        yield Parts(catalogue)

    async def send(runtime: Runtime, stop: asyncio.Event) -> None:
        await sender(settings, catalogue, runtime).run(stop)

    return Service(
        name="notify",
        rules=handlers(catalogue).including(commands, staff.projection, seals.projection),
        kinds=KINDS,
        entries=ENTRIES,
        indexes=INDEXES,
        routes=(inbox.routes, deliveries.routes, reported_seals.routes),
        policies=policies(),
        titles=TITLES,
        parts=parts,
        background={Role.WORKER: (send,)},
    )


def sender(settings: Settings, catalogue: Catalogue, runtime: Runtime) -> Sender:
    """The worker's task that sends mails."""
    password = settings.mail_password
    return Sender(
        reader=runtime.reader,
        bus=runtime.bus,
        catalogue=catalogue,
        server=MailServer(
            host=settings.mail_host,
            port=settings.mail_port,
            tls=settings.mail_tls,
            username=settings.mail_username,
            password=password.get_secret_value() if password else None,
            step_s=settings.mail_step_s,
        ),
        letterhead=Letterhead(settings.mail_sender, settings.mail_reply_to),
        public_url=settings.public_url,
        clock=system_clock,  # a claim is a lease: the machine's time, whatever the domain's clock says
        metrics=runtime.metrics,
        at_once=settings.mails_at_once,
    )
