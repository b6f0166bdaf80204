"""`pulang`, the operator's command.

Exit codes: 0 done, 1 something is wrong with what was looked at, 2 the command was misused or this machine
lacks something. Results go to stdout, progress and complaints to stderr, a complaint in one line.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules

import typer

from deploy import commands
from deploy.errors import OperatorError


def build_app() -> typer.Typer:
    """The whole command: each module of `deploy.commands` is one group, named after it.

    A module imports what it needs inside its commands, so that `pulang --help` is quick.
    """
    app = typer.Typer(
        no_args_is_help=True,
        help="Runs and looks after Pulang, the case management of the anti-trafficking task force.",
        pretty_exceptions_enable=False,  # they print local variables, and those may hold a person's data
    )
    app.callback()(lambda: None)
    for module in iter_modules(commands.__path__):
        group: typer.Typer = import_module(f"{commands.__name__}.{module.name}").app
        app.add_typer(group, name=module.name.replace("_", "-"))
    return app


def main(words: Sequence[str] | None = None) -> None:
    """Entry point of `pulang`; without `words`, those of the command line."""
    try:
        code = build_app()(words, prog_name="pulang", standalone_mode=False)
    except OperatorError as error:
        typer.echo(error, err=True)
        code = error.exit_code
    except typer.TyperException as misuse:
        if misuse.format_message():  # where nothing was asked, the help has said it all
            typer.echo(_complaint(misuse), err=True)
        code = misuse.exit_code
    except typer.Abort:
        typer.echo("Nothing was done.", err=True)
        code = 1
    sys.exit(code or 0)


def _complaint(misuse: typer.TyperException) -> str:
    """One line that says of which command, and what."""
    context = getattr(misuse, "ctx", None)
    return " ".join(f"{context.command_path if context else 'pulang'}: {misuse.format_message()}".split())


if __name__ == "__main__":
    main()
