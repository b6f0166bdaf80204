"""`pulang quarantine`: partner facts that were set aside."""

import typer

from deploy.printing import AsJson, show_rows
from deploy.services import ServiceOption, asking

app = typer.Typer(no_args_is_help=True, help="Partner facts that were set aside.")


@app.callback()
def group() -> None:
    """Keep `list` a command of its own."""


@app.command("list")
def list_(service: ServiceOption, as_json: AsJson = False) -> None:
    """One line per fact: where it came from and why it stands aside; never its content."""
    from shared.mongo.inspection import Inspection

    rows = asking(service, lambda mongo: Inspection(mongo).quarantined())
    show_rows(rows, as_json=as_json, empty="Nothing is in quarantine.")
