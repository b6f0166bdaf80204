"""What a person may ask about their data: to have it erased, set right, or left alone (UU 27/2022 Art 5 to 13).

A request goes to one controller, the office that took it down; each decides for itself (decision per controller).
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Reject


class Right(StrEnum):
    """What is asked for."""

    ERASURE = "ERASURE"
    CORRECTION = "CORRECTION"
    RESTRICTION = "RESTRICTION"


class RequestState(StrEnum):
    """A request is decided, then the person is told; a restriction can be lifted after that."""

    RECEIVED = "RECEIVED"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    CLOSED = "CLOSED"


class RequestMove(StrEnum):
    """What is done with a request."""

    GRANT = "GRANT"
    REFUSE = "REFUSE"
    TELL = "TELL"
    LIFT = "LIFT"


class Telling(StrEnum):
    """How the person learnt of the answer: an officer said it, or it is not said because saying it endangers."""

    TOLD = "TOLD"
    NOT_TOLD_ART_33 = "NOT_TOLD_ART_33"


class RightsRequest(Aggregate):
    """One request. `sealed` is what a correction wants set right, under the person's own key.

    `remains` says why identity outlives a granted erasure; it is None until everybody concerned has answered. `late`
    is the breach of the deadline, which changes nothing else.
    """

    collection: ClassVar[str] = "rights_requests"

    subject_ref: str
    right: Right
    agency: str
    recorded_by: str
    received_at: datetime
    due_at: datetime
    sealed: bytes | None = None
    state: RequestState = RequestState.RECEIVED
    decided_at: datetime | None = None
    decided_by: str | None = None
    refusal: str | None = None
    remains: tuple[str, ...] | None = None
    telling: Telling | None = None
    lifted_at: datetime | None = None
    late: bool = False

    def concerns(self) -> tuple[str, ...]:
        """The person."""
        return (f"subject|{self.subject_ref}",)

    def owners(self) -> tuple[str, ...]:
        """The controller."""
        return (self.agency,)

    def legal_moves(self) -> tuple[str, ...]:
        """What can be done with it now."""
        if self.state is RequestState.RECEIVED:
            return (RequestMove.GRANT, RequestMove.REFUSE)
        lifting = (RequestMove.LIFT,) if self.is_restriction_in_force() else ()
        if self.state is RequestState.CLOSED:
            return lifting
        waits = self.state is RequestState.GRANTED and self.right is Right.ERASURE and self.remains is None
        return lifting if waits else (RequestMove.TELL, *lifting)

    def is_restriction_in_force(self) -> bool:
        """Whether it restricts, as far as it alone is concerned."""
        granted = self.right is Right.RESTRICTION and self.refusal is None and self.decided_at is not None
        return granted and self.lifted_at is None

    def check(self, move: RequestMove) -> None:
        """Raise Reject ILLEGAL_MOVE where that cannot be done now."""
        if move not in self.legal_moves():
            raise Reject("ILLEGAL_MOVE", legal_moves=self.legal_moves())
