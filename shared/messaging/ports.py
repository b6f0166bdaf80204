"""What messaging needs from the database's side; wired in each service's `app.py`."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

from shared.events.incoming import Fenced, Halted, Incoming, Partition
from shared.events.outgoing import Outgoing

__all__ = ["Fenced", "Halted", "Lane", "Leases", "Outbox", "Outgoing"]


class Lane(Protocol):
    """Applies events with their effect. One call at a time."""

    async def positions(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The next offset per partition as saved with the effects; a partition without progress is missing."""
        ...

    async def apply(self, batch: Sequence[Incoming]) -> None:
        """Apply all, in order, and move progress, or nothing; blocks through outages. Raises Fenced or Halted."""
        ...


class Outbox(Protocol):
    """Where the relay takes events from."""

    def rows(self, shards: Collection[int], limit: int) -> AsyncIterator[list[Outgoing]]:
        """One sweep over all rows of these shards in pages, each key in order of its sequence."""
        ...

    async def delete(self, ids: Collection[str]) -> None:
        """Forget rows that the broker has acknowledged."""
        ...

    def wakes(self) -> AsyncIterator[None]:
        """Yields soon after new rows were committed; may miss some."""
        ...


class Leases(Protocol):
    """Exclusive holders by name, in the database's time."""

    async def hold(self, name: str) -> float | None:
        """Acquire or renew; answers until when (event loop's time) the holder may act, None where another holds it."""
        ...

    async def release(self, name: str) -> None:
        """Give it up at once, so that another can take over."""
        ...
