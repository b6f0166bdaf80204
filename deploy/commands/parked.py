"""`pulang parked`: events that wait behind a refused one of their key."""

from typing import Annotated, Any

import typer

from deploy.errors import OperatorError
from deploy.printing import show_json, show_rows
from deploy.services import AsJson, ServiceName, ServiceOption, asking

app = typer.Typer(no_args_is_help=True, help="Events that wait behind a refused one of their key.")

Head = Annotated[str, typer.Argument(help="The id that `parked list` shows.")]


@app.command("list")
def list_(service: ServiceOption, as_json: AsJson = False) -> None:
    """One line per parked key: how many events, why, since when."""
    from shared.mongo.inspection import Inspection

    show_rows(asking(service, lambda mongo: Inspection(mongo).parked()), as_json=as_json, empty="Nothing is parked.")


@app.command()
def show(head: Head, service: ServiceOption, as_json: AsJson = False) -> None:
    """The events of one parked key, in the order in which they would be tried. Exit code 1 where there is none."""
    from shared.mongo.inspection import Inspection

    rows = asking(service, lambda mongo: Inspection(mongo).parked_key(head))
    if not rows:
        raise OperatorError(f"{service}: nothing is parked as {head}")
    show_rows(rows, as_json=as_json, empty="")


@app.command()
def release(head: Head, service: ServiceOption, as_json: AsJson = False) -> None:
    """Mark a key; the worker then tries its events again, in order. Exit code 1 where there is none."""
    if not asking(service, lambda mongo: _mark(mongo, head)):
        raise OperatorError(f"{service}: nothing is parked as {head}")
    if as_json:
        show_json({"id": head, "releasing": True})
    else:
        typer.echo(f"{ServiceName(service)}: {head} will be tried again.")


async def _mark(mongo: Any, head: str) -> bool:
    from shared.mongo.releasing import mark

    return await mark(mongo, head)
