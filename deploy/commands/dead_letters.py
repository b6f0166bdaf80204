"""`pulang dead-letters`: messages that could not be read."""

import typer

from deploy.printing import AsJson, show_rows
from deploy.services import ServiceOption, asking

app = typer.Typer(no_args_is_help=True, help="Messages that could not be read.")


@app.callback()
def group() -> None:
    """Keep `list` a command of its own."""


@app.command("list")
def list_(service: ServiceOption, as_json: AsJson = False) -> None:
    """One line per message: place and reason; never its content."""
    from shared.mongo.inspection import Inspection

    rows = asking(service, lambda mongo: Inspection(mongo).dead())
    show_rows(rows, as_json=as_json, empty="There are no dead letters.")
