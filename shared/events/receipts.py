"""What a partner's system is told of an event that it handed in."""

from dataclasses import dataclass
from enum import StrEnum


class ReceiptStatus(StrEnum):
    """Never whether a reference is known: what waits in quarantine is `RECEIVED` like what was applied."""

    RECEIVED = "RECEIVED"
    DUPLICATE_IGNORED = "DUPLICATE_IGNORED"
    CONFLICTING_DUPLICATE = "CONFLICTING_DUPLICATE"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class FactReceipt:
    """`reason` is a code of `reasons` and `pointer` (RFC 6901) the place in the event: for what is INVALID alone."""

    status: ReceiptStatus
    reason: str | None = None
    pointer: str | None = None
