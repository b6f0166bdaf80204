"""How the story is told on the terminal: readable with colours and without."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.demo.cast import OFFICERS
from shared.kernel.clock import WITA

WIDTH = 118
"""Where there is no terminal that knows better."""
INDENT = "        "


def story_console() -> Console:
    """On stdout, wide enough for the tables also in a log."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


@dataclass
class Narrator:
    """Prints who did what, what each sees, and what was sent."""

    console: Console = field(default_factory=story_console)
    _chapters: int = 0
    _acting: str = ""

    def chapter(self, moment: datetime, in_indonesian: str, in_english: str) -> None:
        """The next part of the story, under a heading in both languages."""
        self._chapters += 1
        self._acting = ""
        self.console.print()
        self.console.rule(
            f"[bold]{self._chapters}. {in_indonesian} · {in_english}[/bold]  {moment:%d %b %H:%M} WITA", align="left"
        )

    def did(self, who: str, what: str) -> None:
        """An act of an officer (by reference) or of somebody else (by name); both are introduced once in a row."""
        officer = OFFICERS.get(who)
        title = f" [dim]{escape(officer.who)}, {officer.office}[/dim]" if officer else ""
        if who != self._acting:
            self.console.print(f"[cyan]{escape(who)}[/cyan]{title}")
        self._acting = who
        self._line("[bold]does[/bold]", what)

    def sees(self, who: str, what: str) -> None:
        """What an officer is shown."""
        self._line("[green]sees[/green]", f"{who}: {what}")

    def refused(self, who: str, what: str) -> None:
        """What an officer is not given."""
        self._line("[yellow]no[/yellow]", f"{who}: {what}")

    def told(self, what: str) -> None:
        """What the platform does by itself."""
        self._line("[blue]then[/blue]", what)

    def sent(self, mails: Sequence[EmailMessage]) -> None:
        """Mails that left; several of one kind to one address are one line."""
        counted = Counter((str(mail["To"]), str(mail["Subject"])) for mail in mails)
        for (address, subject), count in counted.items():
            self._line("[magenta]mail[/magenta]", f"{address}: {subject}{times(count)}")

    def inbox(self, who: str, notices: Iterable[Mapping[str, object]]) -> None:
        """An office's inbox, by subject."""
        counted = Counter(str(notice["subject"]) for notice in notices)
        self.sees(who, "inbox: " + "; ".join(f"{subject}{times(count)}" for subject, count in counted.items()))

    def quote(self, title: str, text: str) -> None:
        """A message as it is."""
        self.console.print(f"{INDENT}[dim]{escape(title)}[/dim]")
        for line in text.strip().splitlines():
            self.console.print(f"{INDENT}  | {escape(line)}", soft_wrap=True)

    def rows(self, title: str, rows: Iterable[Mapping[str, object]]) -> None:
        """A table; its columns are the first row's names."""
        listed = list(rows)
        table = Table(*listed[0], title=title, title_justify="left") if listed else Table(title=title)
        for row in listed:
            table.add_row(*(escape("" if value is None else str(value)) for value in row.values()))
        self.console.print(table)

    def _line(self, label: str, what: str) -> None:
        grid = Table.grid(padding=(0, 2, 0, 0))
        for width in (len(INDENT) - 2, 4, None):
            grid.add_column(width=width)
        grid.add_row("", label, escape(what))
        self.console.print(grid)


def times(count: int) -> str:
    """How often, where it is more than once."""
    return f" ({count} times)" if count > 1 else ""


def moment_of(text: str) -> str:
    """A time out of an answer as people of the province read it: `15 May 09:00 WITA`."""
    return f"{datetime.fromisoformat(text).astimezone(WITA):%d %b %H:%M} WITA"
