"""Printing for people (a table) and for programs (JSON)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table


def show_json(value: Any) -> None:
    """One JSON document on stdout; times in ISO form."""
    typer.echo(json.dumps(value, default=str, ensure_ascii=False))


def show_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str) -> None:
    """A table, or one line where there is nothing."""
    if as_json:
        return show_json(list(rows))
    if not rows:
        return typer.echo(empty)
    table = Table(*rows[0].keys())
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)
    return None
