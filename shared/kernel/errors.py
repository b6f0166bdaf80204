"""Refusals: what a rule says no to. Anything else that a rule raises is a bug."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.kernel.aggregate import Ref


class Kind(StrEnum):
    """What sort of no it is; interfaces translate it (HTTP to a status, the consumer to parking or quarantine)."""

    INVALID = "INVALID"
    """The input itself can never be right."""
    ILLEGAL_MOVE = "ILLEGAL_MOVE"
    """Right in itself, but not in the present state."""
    UNKNOWN = "UNKNOWN"
    """It speaks of something that does not exist, or that the asker may not see: the two look alike."""
    STALE = "STALE"
    """The asker decided on an older version."""
    FORBIDDEN = "FORBIDDEN"
    """Not for this asker, where existence is no secret."""
    CONFLICT = "CONFLICT"
    """The same identifier was already used for something else."""


class Reject(Exception):
    """A rule's refusal. Carries codes only, never a value of the input.

    `errors` pairs a JSON pointer with a code for each failing field. `waits_for` names the aggregate whose
    creation would make the input acceptable; a parked event is then released by that creation.
    """

    def __init__(
        self,
        code: str,
        kind: Kind = Kind.ILLEGAL_MOVE,
        *,
        errors: Sequence[tuple[str, str]] = (),
        waits_for: "Ref | None" = None,
        legal_moves: Sequence[str] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.kind = kind
        self.errors = tuple(errors)
        self.waits_for = waits_for
        self.legal_moves = tuple(legal_moves)


def invalid(code: str, pointer: str) -> Reject:
    """The refusal of one field, by its JSON pointer (RFC 6901)."""
    return Reject(code, Kind.INVALID, errors=[(pointer, code)])
