"""`pulang outbox`: events that are committed and wait for the broker."""

import typer

from deploy.printing import AsJson, show_json, show_rows
from deploy.services import ServiceOption, asking

app = typer.Typer(no_args_is_help=True, help="Events that are committed and wait for the broker.")


@app.callback()
def group() -> None:
    """Keep `status` a command of its own."""


@app.command()
def status(service: ServiceOption, as_json: AsJson = False) -> None:
    """How many wait, since when, by topic."""
    from shared.mongo.outbox import MongoOutbox

    found = asking(service, lambda mongo: MongoOutbox(mongo).status())
    if as_json:
        show_json(found)
    else:
        show_rows(found["topics"], as_json=False, empty="The outbox is empty.")
