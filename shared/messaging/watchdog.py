"""Notices a consumer that has stopped without saying so (aio-libs/aiokafka#1037)."""

from collections.abc import Callable


class Stalled(Exception):
    """There is something to apply and nothing was applied for too long: end the process, a new one does better."""


class Watchdog:
    """Compares lag with the last sign of progress. `now` is monotonic, in seconds.

    `waiting` says that the lane waits for the database: an outage is no reason to restart.
    """

    def __init__(self, stall_s: float, waiting: Callable[[], bool], now: Callable[[], float]) -> None:
        self._stall_s = stall_s
        self._waiting = waiting
        self._now = now
        self._since = now()

    def progress(self) -> None:
        """Something was applied."""
        self._since = self._now()

    @property
    def late(self) -> bool:
        """Whether half of the patience is used up; readiness says no from here on."""
        return self._now() - self._since > self._stall_s / 2

    def look(self, lag: int) -> None:
        """Judge the lag of all partitions that should flow; raises Stalled."""
        if lag == 0 or self._waiting():
            self.progress()
        elif self._now() - self._since > self._stall_s:
            raise Stalled(f"{lag} events wait and none was applied for {self._stall_s} s")
