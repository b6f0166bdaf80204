"""What the sender, a reader and an operator may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.notify.domain.address_book import AddressBook, Recipient
from services.notify.domain.delivery import Delivery, Outcome, Reason, State
from services.notify.domain.notice import Notice
from services.notify.publishing import publish_end
from services.notify.seals import is_sealed_from
from shared.kernel.aggregate import Need
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work
from shared.security.seals import Seal

commands = Rulebook()


@dataclass(frozen=True, slots=True)
class ClaimDelivery:
    """Take a delivery for one attempt. Times are the machine's."""

    delivery: str
    at: datetime
    until: datetime
    refs: tuple[str, ...] = ()
    """What it tells of: the delivery's own."""


@dataclass(frozen=True, slots=True)
class RecordOutcome:
    """Write down what came of an attempt."""

    delivery: str
    attempt: int
    outcome: Outcome
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class AbandonDelivery:
    """Give up a delivery whose sender is gone in the middle of an attempt."""

    delivery: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MarkRead:
    """A member of the office has read a notice."""

    notice: str
    person: str


@dataclass(frozen=True, slots=True)
class SetAddressBook:
    """Replace an office's entries."""

    office: str
    recipients: tuple[Recipient, ...]


def _claim_needs(command: ClaimDelivery) -> Iterable[Need]:
    yield Delivery.ref(command.delivery).then(lambda found: AddressBook.ref(found.office) if found else None)
    yield from (Seal.ref(ref) for ref in command.refs)


@commands.command(ClaimDelivery, needs=_claim_needs)
def claim_delivery(command: ClaimDelivery, work: Work) -> Delivery:
    """Before a message leaves, its claim is durable; a recipient who is gone by then gets none, and of what was sealed
    meanwhile nobody."""
    delivery = work.get(Delivery, command.delivery)
    claimed = delivery.claim(command.at, command.until)
    if is_sealed_from(delivery.office, delivery.refs, work):
        return _save(delivery.end(State.WITHDRAWN), work)
    book = work.find(AddressBook, delivery.office)
    if book is None or book.active(delivery.entry) is None:
        return _save(delivery.end(State.FAILED, Reason.RECIPIENT_GONE), work)
    return _save(claimed, work)


@commands.command(RecordOutcome, needs=lambda c: [Delivery.ref(c.delivery)])
def record_outcome(command: RecordOutcome, work: Work) -> Delivery:
    """The attempt's end, or its postponement."""
    delivery = work.get(Delivery, command.delivery)
    return _save(delivery.settle(command.attempt, command.outcome, command.reason, command.at), work)


@commands.command(AbandonDelivery, needs=lambda c: [Delivery.ref(c.delivery)])
def abandon_delivery(command: AbandonDelivery, work: Work) -> Delivery:
    """INVARIANT: a message that may have left is never sent a second time."""
    return _save(work.get(Delivery, command.delivery).abandon(command.at), work)


@commands.command(MarkRead, needs=lambda c: [Notice.ref(c.notice)])
def mark_read(command: MarkRead, work: Work) -> Notice:
    """Reading twice changes nothing."""
    notice = work.get(Notice, command.notice)
    marked = notice.mark_read(command.person, work.now)
    if marked is not notice:
        work.put(marked)
    return marked


@commands.command(SetAddressBook, needs=lambda c: [AddressBook.ref(c.office)])
def set_address_book(command: SetAddressBook, work: Work) -> AddressBook:
    """The same entries again change nothing."""
    wanted = AddressBook(id=command.office, recipients=command.recipients)
    before = work.find(AddressBook, command.office)
    if before and before.recipients == wanted.recipients:
        return before
    book = before.evolve(recipients=wanted.recipients) if before else wanted
    work.put(book, "ADDRESS_BOOK_SET", recipients=len(command.recipients))
    return book


def _save(delivery: Delivery, work: Work) -> Delivery:
    work.put(delivery, f"DELIVERY_{delivery.state}", reason=delivery.reason, attempt=delivery.attempts)
    publish_end(delivery, work)
    return delivery
