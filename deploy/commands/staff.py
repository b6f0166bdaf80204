"""`pulang staff`: the staff directory, which the service cases owns."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.errors import OperatorError
from deploy.printing import show_json
from deploy.services import AsJson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.cases.roster import Roster

app = typer.Typer(no_args_is_help=True, help="The staff directory: who works for which office, in which roles.")

File = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, help="YAML: members, each with person, agency, roles and valid_from."),
]


@app.callback()
def group() -> None:
    """Keeps `load` a command of its own while it is the only one."""


@app.command()
def load(file: File, as_json: AsJson = False) -> None:
    """Load members from a file. Who is unchanged is not published again; nobody is removed."""
    changed = asyncio.run(_load(_read(file)))
    if as_json:
        show_json({"published": list(changed)})
    else:
        typer.echo(f"{len(changed)} published.")


def _read(file: Path) -> "Roster":
    from services.cases.datafile import DataFileError
    from services.cases.roster import read_roster

    try:
        return read_roster(file.read_text("utf-8"), file.name)
    except DataFileError as error:
        raise OperatorError(str(error)) from error


async def _load(roster: "Roster") -> "Sequence[str]":
    from services.cases import roster as directory
    from services.cases.app import service
    from services.cases.settings import Settings
    from shared.kernel.command import Unavailable
    from shared.kernel.errors import Reject
    from shared.service.runtime import open_runtime

    settings, stop = Settings(), asyncio.Event()
    async with open_runtime(service(settings), settings) as runtime:
        lane = asyncio.create_task(runtime.bus.run(stop))
        try:
            return await directory.load(roster, runtime.bus, runtime.clock)
        except (Reject, Unavailable) as refused:
            raise OperatorError(f"cases: {refused.code}") from refused
        finally:
            stop.set()
            await lane
