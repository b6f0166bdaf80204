"""One notice on its way to one recipient over one channel; the delivery log is made of these."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, Self

from services.notify.domain.backoff import delay_after
from services.notify.domain.channel import Channel
from services.notify.domain.notice import About, chains_of
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Reject

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


class State(StrEnum):
    """`UNKNOWN`: it may have arrived; it is never sent again, and a person has to find out."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    WITHDRAWN = "WITHDRAWN"
    """What it tells of was sealed before it left."""
    UNKNOWN = "UNKNOWN"


class Outcome(StrEnum):
    """What came of one attempt. `DEFERRED` only where the server certainly did not take the message."""

    ACCEPTED = "ACCEPTED"
    DEFERRED = "DEFERRED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


class Reason(StrEnum):
    """Why a delivery did not end well. Replies of mail servers are `SMTP_<code>` instead."""

    NO_RECIPIENT = "NO_RECIPIENT"
    """The office has nobody for this channel."""
    RECIPIENT_GONE = "RECIPIENT_GONE"
    """The entry was taken out of the address book before the message left."""
    UNREACHABLE = "UNREACHABLE"
    """No connection, or it broke before the message was handed over."""
    EXPIRED = "EXPIRED"
    """The server deferred it for too long."""
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    """The connection or the process was lost while the message was handed over."""


class Delivery(Aggregate):
    """At most once for each event, recipient and channel: they are a unique key, so a second cannot be saved.

    `recipient` is the office, or `<office>/<entry>` for an entry of its address book. `try_at` and `claimed_until`
    are in the machine's time, which a shifted domain clock does not move.
    """

    collection: ClassVar[str] = "deliveries"
    unique: ClassVar[tuple[tuple[str, ...], ...]] = (("event_id", "recipient", "channel"),)

    event_id: str
    notice: str
    office: str
    recipient: str
    channel: Channel
    correlation_id: str
    case_ref: str | None = None
    named: tuple[About, ...] = ()
    """As its notice has them."""
    state: State = State.PENDING
    reason: str | None = None
    attempts: int = 0
    try_at: datetime = AT_ONCE
    claimed_until: datetime | None = None

    def concerns(self) -> tuple[str, ...]:
        """The case and the people, where it tells of them."""
        case = (About(kind="CASE", ref=self.case_ref),) if self.case_ref else ()
        return chains_of(*case, *self.named)

    @property
    def refs(self) -> tuple[str, ...]:
        """What it tells of, by reference: what a seal may be on."""
        return tuple(dict.fromkeys(filter(None, (self.case_ref, *(each.ref for each in self.named)))))

    @property
    def entry(self) -> str:
        """The address book's entry; empty where the office itself is meant."""
        return self.recipient.removeprefix(self.office).removeprefix("/")

    def claim(self, at: datetime, until: datetime) -> Self:
        """One sender takes it for one attempt, until a time by which the attempt is over in any case."""
        if self.state is not State.PENDING or self.try_at > at:
            raise Reject("NOT_DUE")
        return self.evolve(state=State.SENDING, attempts=self.attempts + 1, claimed_until=until)

    def settle(self, attempt: int, outcome: Outcome, reason: str | None, at: datetime) -> Self:
        """What came of the attempt; refused where another word on it was already spoken."""
        if self.state is not State.SENDING or self.attempts != attempt:
            raise Reject("ATTEMPT_OVER")
        if outcome is Outcome.DEFERRED:
            return self._put_off(reason, at)
        return self.end(ENDS[outcome], reason)

    def abandon(self, at: datetime) -> Self:
        """Its sender died in the middle: whether it arrived nobody knows, so it is not sent again."""
        if self.state is not State.SENDING or self.claimed_until is None or self.claimed_until > at:
            raise Reject("ATTEMPT_RUNNING")
        return self.end(State.UNKNOWN, Reason.OUTCOME_UNKNOWN)

    def end(self, state: State, reason: str | None = None) -> Self:
        """In its last state."""
        return self.evolve(state=state, reason=reason, claimed_until=None)

    def _put_off(self, reason: str | None, at: datetime) -> Self:
        delay = delay_after(self.attempts)
        if delay is None:
            return self.end(State.FAILED, Reason.EXPIRED)
        return self.evolve(state=State.PENDING, reason=reason, try_at=at + delay, claimed_until=None)


ENDS = {Outcome.ACCEPTED: State.SENT, Outcome.REFUSED: State.FAILED, Outcome.UNKNOWN: State.UNKNOWN}
