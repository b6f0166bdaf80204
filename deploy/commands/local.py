"""`pulang local`: the local stack for development and tests."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.printing import AsJson, Yes, ask_first, show_done, show_json

if TYPE_CHECKING:
    from deploy.local.state import StackState

app = typer.Typer(no_args_is_help=True, help="A real MongoDB and a real Kafka on this machine, no Docker needed.")

Folder = Annotated[
    Path,
    typer.Option("--dir", envvar="PULANG_LOCAL_DIR", help="The stack's data folder.", file_okay=False),
]
DEFAULT_FOLDER = Path(".pulang/local")


@app.command()
def up(
    directory: Folder = DEFAULT_FOLDER,
    nodes: Annotated[int, typer.Option(help="1, or 3 of each kind.")] = 1,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it is up; it stays.")] = False,
    containers: Annotated[bool, typer.Option("--containers", help="Use Docker even where Java is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start the stack; without --detach, stop it at Ctrl-C."""
    from deploy.local import supervise
    from deploy.local.progress import Progress
    from deploy.local.stack import Layout
    from deploy.local.state import StackFolder

    if nodes not in (1, 3):
        raise typer.BadParameter("1 or 3", param_hint="--nodes")
    layout, progress = Layout(directory, nodes), Progress()
    if not detach:
        supervise.run(layout, progress, containers, lambda state: _show(state, as_json))
        return
    running = StackFolder(directory).read()
    if running and running.nodes != nodes:
        raise typer.BadParameter(f"a stack of {running.nodes} is running here", param_hint="--nodes")
    _show(running or supervise.detach(layout, containers, progress), as_json)


@app.command()
def down(
    directory: Folder = DEFAULT_FOLDER,
    discard: Annotated[bool, typer.Option("--discard", help="Delete its data, too.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Stop the stack of this folder; its data stays unless discarded."""
    from deploy.local import supervise
    from deploy.local.state import StackFolder

    folder = StackFolder(directory)
    if discard:
        ask_first(f"All data in {folder.path} will be deleted.", yes=yes)
    stopped = supervise.down(folder)
    if discard:
        folder.discard()
    text = "Stopped." if stopped else f"No stack was running in {folder.path}."
    show_done({"stopped": stopped, "discarded": discard}, text, as_json=as_json)


@app.command()
def status(directory: Folder = DEFAULT_FOLDER, as_json: AsJson = False) -> None:
    """Tell whether the stack is up and where; exit 1 when it is not, or a server is missing."""
    from deploy.local.state import StackFolder

    folder = StackFolder(directory)
    state = folder.read()
    if state is None:
        starting = folder.supervisor() is not None
        if as_json:
            show_json({"running": False, "starting": starting})
        else:
            typer.echo("Starting." if starting else "Not running.", err=True)
        raise typer.Exit(1)
    _show(state, as_json)
    if not all(server.alive for server in state.servers):
        raise typer.Exit(1)


@app.command()
def logs(
    directory: Folder = DEFAULT_FOLDER,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option(min=0, help="How many of each server's last lines.")] = 20,
) -> None:
    """Print the servers' logs, each line after its server's name."""
    from deploy.local.logs import follow_lines, last_lines

    paths = sorted(directory.glob("nodes-*/*.log"))
    if not paths:
        typer.echo(f"No logs in {directory}.", err=True)
        raise typer.Exit(1)
    for line in follow_lines(paths, lines) if follow else last_lines(paths, lines):
        typer.echo(line)


def _show(state: "StackState", as_json: bool) -> None:
    """Print the addresses, for a person or as JSON."""
    if as_json:
        show_json({"running": True, **state.as_dict()})
        return
    typer.echo(f"MongoDB  {state.mongo_uri}\nKafka    {state.kafka_bootstrap}\npartners {state.partners_bootstrap}")
    for server in state.servers:
        typer.echo(f"  {server.name}  {server.address}  {'up' if server.alive else 'gone'}  pid {server.pid}")
