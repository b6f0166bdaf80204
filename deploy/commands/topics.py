"""`pulang topics`: the topics in Kafka against those that the platform declares."""

from typing import TYPE_CHECKING, Annotated

import typer

from deploy.errors import OperatorError
from deploy.printing import AsJson
from deploy.services import settings_from

if TYPE_CHECKING:
    from shared.messaging.topics import Difference

app = typer.Typer(no_args_is_help=True, help="The topics in Kafka against those that the platform declares.")

Bootstrap = Annotated[str | None, typer.Option("--bootstrap", help="The brokers, instead of the operator's setting.")]
Prefix = Annotated[
    str | None, typer.Option("--prefix", help="What stands before the names, where platforms share a cluster.")
]


class KafkaUnavailable(OperatorError):
    """No broker answered, or it refused."""

    exit_code = 2


@app.command()
def apply(bootstrap: Bootstrap = None, prefix: Prefix = None, as_json: AsJson = False) -> None:
    """Create missing topics and set what differs; exit 1 where something remains that must not be changed on the way.

    The number of partitions is never changed: later events of a key would go elsewhere than earlier ones.
    """
    differences = _ask(bootstrap, prefix, repair=True)
    _show(differences, as_json, repaired=True)
    if not all(each.repairable for each in differences):
        raise typer.Exit(1)


@app.command()
def check(bootstrap: Bootstrap = None, prefix: Prefix = None, as_json: AsJson = False) -> None:
    """Compare, change nothing; exit 1 where something differs."""
    differences = _ask(bootstrap, prefix, repair=False)
    _show(differences, as_json, repaired=False)
    if differences:
        raise typer.Exit(1)


def _ask(bootstrap: str | None, prefix: str | None, *, repair: bool) -> "list[Difference]":
    import asyncio
    import logging

    from deploy.operator import Operator
    from shared.events.registry import load_topics
    from shared.messaging.topics import KafkaRefused, topic_admin

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the one line below says it

    said = {"kafka_bootstrap": bootstrap, "topic_prefix": prefix}
    operator: Operator = settings_from(Operator)
    kafka = operator.model_copy(update={name: value for name, value in said.items() if value is not None}).kafka()

    async def ask() -> "list[Difference]":
        specs = load_topics().values()
        async with topic_admin(kafka) as admin:
            return await (admin.apply(specs) if repair else admin.check(specs))

    try:
        return asyncio.run(ask())
    except KafkaRefused as error:
        raise KafkaUnavailable(f"Kafka at {kafka.brokers}: {error}") from error


def _show(differences: "list[Difference]", as_json: bool, *, repaired: bool) -> None:
    from deploy.printing import show_rows

    rows = [
        {"topic": d.topic, "what": d.what, "wanted": d.wanted, "found": d.found, "repaired": repaired and d.repairable}
        for d in differences
    ]
    show_rows(rows, as_json=as_json, empty="All topics are as declared.")
