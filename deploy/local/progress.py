"""Progress for a person at the terminal, always on stderr so that stdout stays data."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console


class Progress:
    """Tells what is being waited for: a spinner on a terminal, one line a step elsewhere; silent if asked."""

    def __init__(self, console: Console | None = None, quiet: bool = False) -> None:
        self._console = console or Console(stderr=True, quiet=quiet, highlight=False)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Show `what` while the block runs, and how many seconds it took when it ends well."""
        began = monotonic()
        with self._console.status(what):
            if not self._console.is_terminal:
                self._console.print(f"… {what}")
            yield
        self._console.print(f"✓ {what} [dim]({monotonic() - began:.1f} s)[/dim]")

    def say(self, line: str) -> None:
        """One line."""
        self._console.print(line)
