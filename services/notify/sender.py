"""Takes pending mails, one attempt each, and writes down what came of it.

INVARIANT: a claim is durable before a message leaves, and a claimed delivery that nobody finished is never tried
again. So each message leaves at most once, and where that leaves it open whether it arrived, a person finds out.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import TypeVar

import structlog

from services.notify import views
from services.notify.commands import AbandonDelivery, ClaimDelivery, RecordOutcome
from services.notify.domain.address_book import AddressBook
from services.notify.domain.catalogue import Catalogue
from services.notify.domain.delivery import Delivery, Outcome, Reason, State
from services.notify.domain.notice import Notice
from services.notify.mail import Letterhead, MailServer, Verdict, hand_over
from services.notify.wording import text_of
from shared.kernel.aggregate import Aggregate
from shared.kernel.clock import Clock
from shared.kernel.command import Bus, Command, Unavailable
from shared.kernel.context import Cause
from shared.kernel.errors import Reject
from shared.kernel.reader import Reader
from shared.observability.metrics import Metrics

log = structlog.get_logger(__name__)

A = TypeVar("A", bound=Aggregate)

NOBODY_THERE = Verdict(Outcome.DEFERRED, Reason.RECIPIENT_GONE)
"""The address book changed between a look at it and the claim."""


@dataclass
class Sender:
    """Runs beside others of its kind; they share the work through claims. `clock` is the machine's."""

    reader: Reader
    bus: Bus
    catalogue: Catalogue
    server: MailServer
    letterhead: Letterhead
    public_url: str
    clock: Clock
    metrics: Metrics
    at_once: int = 8
    idle_s: float = 1.0

    async def run(self, stop: asyncio.Event) -> None:
        """Until stopped; attempts under way are finished."""
        while not stop.is_set():
            try:
                busy = await self.round()
            except Unavailable:
                busy = False
            if not busy:
                await _pause(stop, self.idle_s)

    async def round(self) -> bool:
        """Give up what is lost, try what is due; answers whether there may be more."""
        for delivery in await self._find(views.lost(self.clock())):
            await self._submit(delivery, "DELIVERY_ABANDONED", AbandonDelivery(delivery.id, self.clock()))
        found = await self._find(views.due(self.clock()))
        ended = await asyncio.gather(*map(self._deliver, found), return_exceptions=True)  # none is left half-way
        for error in ended:
            if isinstance(error, BaseException):
                raise error
        return len(found) == self.at_once

    async def _find(self, query: views.Query) -> list[Delivery]:
        return await self.reader.find(Delivery, query, sort=views.BY_TIME, limit=self.at_once)

    async def _deliver(self, delivery: Delivery) -> None:
        message = await self._message(delivery)
        now = self.clock()
        until = now + timedelta(seconds=self.server.attempt_s)
        claim = ClaimDelivery(delivery.id, now, until, delivery.refs)
        claimed = await self._submit(delivery, "DELIVERY_CLAIMED", claim)
        if claimed is not None and claimed.state is State.SENDING:
            await self._record(claimed, await hand_over(self.server, message) if message else NOBODY_THERE)

    async def _message(self, delivery: Delivery) -> EmailMessage | None:
        """The message in its recipient's language; None where the recipient is gone, which the claim will find too."""
        notice = await self.reader.find_one(Notice, {"_id": delivery.notice})
        book = await self.reader.find_one(AddressBook, {"_id": delivery.office})
        recipient = book.active(delivery.entry) if book else None
        if notice is None or recipient is None:
            return None
        text = text_of(notice, self.catalogue, recipient.language, self.public_url)
        return self.letterhead.compose(delivery, recipient, text, self.clock())

    async def _record(self, delivery: Delivery, verdict: Verdict) -> None:
        """Until it is written down: only the end of this process makes a known outcome unknown."""
        if verdict.outcome is not Outcome.ACCEPTED:
            log.warning("mail_not_accepted", delivery=delivery.id, outcome=verdict.outcome, reason=verdict.reason)
        outcome = RecordOutcome(delivery.id, delivery.attempts, verdict.outcome, verdict.reason, self.clock())
        while True:
            try:
                await self._submit(delivery, "DELIVERY_SETTLED", outcome)
            except Unavailable as error:
                await asyncio.sleep(error.retry_after_s)
            else:
                return

    async def _submit(self, delivery: Delivery, action: str, body: object) -> Delivery | None:
        """The delivery as it then stands; None where somebody else was first."""
        cause = Cause(action=action, id=delivery.id, correlation_id=delivery.correlation_id, channel="sender")
        try:
            receipt = await self.bus.submit(Command(body=body, cause=cause))
        except Reject as reject:
            log.info("delivery_not_mine", delivery=delivery.id, action=action, code=reject.code)
            return None
        assert isinstance(receipt.aggregate, Delivery)  # noqa: S101 - the rules of these commands answer it
        self._count(receipt.aggregate)
        return receipt.aggregate

    def _count(self, delivery: Delivery) -> None:
        if delivery.state is not State.SENDING:
            self.metrics.deliveries.labels(delivery.channel, delivery.state).inc()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
