"""What commands look at first."""

from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Kind, Reject


def refuse_taken(existing: Aggregate | None, pointer: str) -> None:
    """Raises Reject where a client's own reference was used before."""
    if existing is not None:
        raise Reject("REF_TAKEN", Kind.CONFLICT, errors=[(pointer, "REF_TAKEN")])
