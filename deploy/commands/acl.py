"""`pulang acl`: accounts and what they may do at Kafka and MongoDB, against `deploy/access.yaml`."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.errors import OperatorError
from deploy.printing import AsJson, Yes, ask_first
from deploy.services import settings_from

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from deploy.access.difference import Difference
    from deploy.operator import Operator

app = typer.Typer(no_args_is_help=True, help="Accounts and what they may do at Kafka and MongoDB.")

Renew = Annotated[bool, typer.Option("--renew", help="Set all passwords again from their files.")]
Revoke = Annotated[bool, typer.Option("--revoke", help="Drop accounts and rules that the file does not name.")]


class ServerRefused(OperatorError):
    """A server did not answer, or refused; the message says which and why, without a password."""

    exit_code = 2


@app.command()
def apply(renew: Renew = False, revoke: Revoke = False, yes: Yes = False, as_json: AsJson = False) -> None:
    """Make every account that the file names exactly what it says; a new one gets a random password in a file.

    Exit 1 where something remains that the file does not name.
    """
    from deploy.access.making import apply_access

    if revoke:
        ask_first("Accounts and rules that the file does not name will be dropped.", yes=yes)
    _show(_ask(lambda operator: apply_access(operator, renew=renew, revoke=revoke)), as_json)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Compare, change nothing; exit 1 where something is missing or too much."""
    from deploy.access.making import check_access

    _show(_ask(check_access), as_json)


def _ask(question: "Callable[[Operator], Coroutine[Any, Any, list[Difference]]]") -> "list[Difference]":
    import logging

    from pymongo.errors import PyMongoError

    from deploy.operator import Operator
    from shared.messaging.refusals import KafkaRefused

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the one line below says it
    operator: Operator = settings_from(Operator)
    try:
        return asyncio.run(question(operator))
    except KafkaRefused as error:
        raise ServerRefused(f"Kafka at {operator.kafka().brokers}: {error}") from error
    except PyMongoError as error:
        raise ServerRefused(f"MongoDB: {type(error).__name__}") from error


def _show(found: "list[Difference]", as_json: bool) -> None:
    from dataclasses import asdict

    from deploy.printing import show_rows

    show_rows([asdict(each) for each in found], as_json=as_json, empty="All accounts are as the file says.")
    if found:
        raise typer.Exit(1)
