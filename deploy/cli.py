"""`pulang`, the operator's command.

Exit codes: 0 done, 1 something is wrong with what was looked at, 2 the command was misused or this machine
lacks something. Results go to stdout, progress and complaints to stderr.
"""

import sys
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


def main() -> None:
    """Entry point of `pulang`."""
    try:
        build_app()()
    except OperatorError as error:
        typer.echo(error, err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
