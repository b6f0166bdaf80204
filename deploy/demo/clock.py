"""The story's time: 14 May 2026 in Central Indonesian time, whatever the machine's date is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shared.kernel.clock import WITA


def at(hour: int, minute: int = 0, day: int = 14) -> datetime:
    """A moment of the story."""
    return datetime(2026, 5, day, hour, minute, tzinfo=WITA)


@dataclass
class StoryClock:
    """Moves the platform's clock, by the file that each process reads at each look at it."""

    file: Path

    def turn_to(self, moment: datetime) -> None:
        """From now on it is `moment`, and time goes on from there."""
        offset = (moment - datetime.now(UTC)).total_seconds()
        draft = self.file.with_suffix(".new")
        draft.write_text(f"{offset}")
        draft.replace(self.file)

    def now(self) -> datetime:
        """What the platform takes for now."""
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + float(self.file.read_text()), WITA)
