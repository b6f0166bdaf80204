"""`pulang parked`: events that wait behind a refused one of their key."""

from typing import Annotated

import typer

from deploy.errors import OperatorError
from deploy.printing import AsJson, Yes, ask_first, show_done, show_rows
from deploy.ruling import GivenUp, cause_of, rule
from deploy.services import ServiceOption, asking

app = typer.Typer(no_args_is_help=True, help="Events that wait behind a refused one of their key.")

Head = Annotated[str, typer.Argument(help="The id that `parked list` shows.")]
By = Annotated[str, typer.Option("--by", help="The operator's reference, for the audit.")]


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
def release(head: Head, service: ServiceOption, by: By, as_json: AsJson = False) -> None:
    """Mark a key; the worker then tries its events again, in order. Exit code 1 where there is none."""
    from shared.mongo.ruling import Release

    rule(service, Release(head_id=head, cause=cause_of("PARKED_RELEASED", by)))
    show_done({"id": head, "releasing": True}, f"{service}: {head} will be tried again.", as_json=as_json)


@app.command()
def discard(
    head: Head,
    service: ServiceOption,
    by: By,
    reason: Annotated[GivenUp, typer.Option(help="Why; prose might hold a name.")],
    position: Annotated[int | None, typer.Option(help="Only the row that `parked show` numbers so.")] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give up the events of a key, or one of them, for good. Exit code 1 where there is none."""
    from shared.events.codec import decode
    from shared.events.registry import registry
    from shared.mongo.ruling import Discard

    cause = cause_of("PARKED_DISCARDED", by)
    ask_first("What is given up is never tried again.", yes=yes)
    batch = Discard(
        head_id=head,
        cause=cause,
        reason=reason,
        decode=lambda record: decode(record, registry(), service),
        position=position,
    )
    rule(service, batch)
    left = batch.head.count if batch.head else 0
    shown = {"id": head, "discarded": len(batch.rows), "left": left}
    show_done(shown, f"{service}: {len(batch.rows)} given up, {left} left in {head}.", as_json=as_json)
