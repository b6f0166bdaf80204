"""How the story is told on the terminal: readable with colours and without."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.demo.cast import OFFICERS

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

    def chapter(self, moment: datetime, in_indonesian: str, in_english: str) -> None:
        """The next part of the story, under a heading in both languages."""
        self._chapters += 1
        self.console.print()
        self.console.rule(
            f"[bold]{self._chapters}. {in_indonesian} · {in_english}[/bold]  {moment:%d %b %H:%M} WITA", align="left"
        )

    def did(self, who: str, what: str) -> None:
        """An act of an officer (by reference) or of somebody else (by name)."""
        self.console.print(f"[cyan]{named(who):<12}[/cyan] {escape(what)}" if who not in OFFICERS else _act(who, what))

    def sees(self, who: str, what: str) -> None:
        """What an officer is shown."""
        self.console.print(f"{INDENT}[green]sees[/green]  [cyan]{who}[/cyan]: {escape(what)}")

    def refused(self, who: str, what: str) -> None:
        """What an officer is not given."""
        self.console.print(f"{INDENT}[yellow]no[/yellow]    [cyan]{who}[/cyan]: {escape(what)}")

    def told(self, what: str) -> None:
        """What the platform does by itself."""
        self.console.print(f"{INDENT}[blue]then[/blue]  {escape(what)}")

    def sent(self, mails: Sequence[EmailMessage]) -> None:
        """Mails that left."""
        for mail in mails:
            self.console.print(f"{INDENT}[magenta]mail[/magenta]  {escape(str(mail['To']))}: {escape(_subject(mail))}")

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


def named(who: str) -> str:
    """An officer with what they are; anybody else as they are called."""
    officer = OFFICERS.get(who)
    return f"{who} ({officer.who})" if officer else who


def _act(who: str, what: str) -> str:
    officer = OFFICERS[who]
    head = f"[cyan]{who}[/cyan] [dim]{escape(officer.who)}, {officer.office}[/dim]"
    return f"{head}\n{INDENT}[bold]does[/bold]  {escape(what)}"


def _subject(mail: EmailMessage) -> str:
    return str(mail["Subject"])
