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
    from deploy.demo.theatre import theatre, wait_for_the_end

    refuse_real_settings(os.environ)
    with theatre(directory) as platform:
        true = play.play(platform, Narrator())
        if keep:
            _print_addresses(platform.plan)
            wait_for_the_end()
    if not true:
        raise typer.Exit(1)


def _print_addresses(plan: "Plan") -> None:
    from deploy.local.plan import SERVICES

    for service in SERVICES:
        typer.echo(f"{service:<8} {plan.api(service)}  (documents: {plan.api(service)}/openapi.json)")
    form = " ".join(f"-d {name}={value}" for name, value in plan.sign_in.as_person("O-21").items())
    typer.echo(f"sign-in  curl {form} {plan.sign_in.token_url}")
    typer.echo(f"MongoDB  {plan.mongo_uri}\nKafka    {plan.kafka_bootstrap}")
    typer.echo(f"mails    {plan.mail}\nlogs     {plan.logs}\nIt runs until Ctrl-C.")
