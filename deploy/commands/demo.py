"""`pulang demo`: the story of El Tari on a platform of its own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.demo_data import refuse_real_settings

if TYPE_CHECKING:
    from deploy.local.plan import Plan

app = typer.Typer(help="The story of El Tari, played and checked on a platform of its own.")

Folder = Annotated[
    Path, typer.Option("--dir", envvar="PULANG_DEMO_DIR", help="Where it keeps its data.", file_okay=False)
]
DEFAULT_FOLDER = Path(".pulang/demo")


@app.callback(invoke_without_command=True)
def demo(
    directory: Folder = DEFAULT_FOLDER,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running until Ctrl-C, and print where.")] = False,
) -> None:
    """Start everything as separate processes, play the story, check it; exit 1 where something is not true."""
    import os

    from deploy.demo import play
    from deploy.demo.narration import Narrator
    from deploy.demo.practice import write_settings
    from deploy.demo.theatre import theatre, wait_for_the_end

    refuse_real_settings(os.environ)
    with theatre(directory) as platform:
        true = play.play(platform, Narrator())
        if keep:
            _print_addresses(platform.plan, write_settings(platform, os.getpid()))
            wait_for_the_end(platform)
    if not true:
        raise typer.Exit(1)


def _print_addresses(plan: "Plan", settings: Path) -> None:
    from deploy.local.plan import SERVICES

    for service in SERVICES:
        typer.echo(f"{service:<8} {plan.api(service)}  (documents: {plan.api(service)}/openapi.json)")
    typer.echo(f"MongoDB  {plan.mongo_uri}\nKafka    {plan.kafka_bootstrap}")
    typer.echo(f"mails    {plan.mail}\nlogs     {plan.logs}")
    typer.echo(f"\nIt runs until Ctrl-C. To try what docs/operating.md says, in another terminal:\n\n  . {settings}\n")
    typer.echo("  pulang audit verify                # any of the operator's commands")
    typer.echo('  curl -H "Authorization: Bearer $(token O-21)" $CASES/v1/cases')
    typer.echo("  restart                            # all services, as after a change of settings")
