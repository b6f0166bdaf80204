"""Printing for people (a table) and for programs (JSON), and asking before what cannot be undone."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from deploy.errors import Misuse

AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable, on stdout.")]
WIDE = 1000
"""More than any of our tables needs."""
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def show_json(value: Any) -> None:
    """One JSON document on stdout; times as RFC 3339 in UTC, with Z."""
    typer.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def _plain(value: Any) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)


def _cell(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(_cell, value))
    return "" if value is None else _plain(value)


def rfc3339(moment: datetime) -> str:
    """The moment as RFC 3339 has it, in UTC; one without an offset is UTC already, as databases give it."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def show_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str) -> None:
    """A table, or one line where there is nothing. Values stay whole however narrow the terminal: references are for
    copying."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if as_json:
        return show_json(list(rows))
    if not rows:
        return typer.echo(empty)
    table = Table(*rows[0].keys())
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row.values()))
    Console(width=WIDE).print(table)
    return None


def show_done(shown: Any, text: str, *, as_json: bool) -> None:
    """What was done: the same in one line for people, and as JSON."""
    show_json(shown) if as_json else typer.echo(text)


def ask_first(question: str, *, yes: bool) -> None:
    """Ask on stderr before what cannot be undone; raises Misuse where nobody says yes."""
    if yes:
        return
    typer.echo(f"{question} Go on? [y/N] ", err=True, nl=False)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Misuse("Nothing was done: say yes, or --yes.")
