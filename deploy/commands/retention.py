"""`pulang retention`: what the schedule says is due, and doing it."""

import asyncio
from typing import Annotated, Any

import typer

from deploy.errors import OperatorError
from deploy.printing import AsJson, Yes, ask_first, show_json, show_rows
from deploy.services import ServiceName, asking, place_of, settings_of

app = typer.Typer(no_args_is_help=True, help="How long intake keeps what, by its schedule.")


@app.callback()
def group() -> None:
    """Keeps `run` a command of its own."""


@app.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Report what is due, and do it; the clock process does the same every ten minutes. Shows counts and hashes."""
    rows = asking(ServiceName.INTAKE, _report)
    if dry_run:
        return _show(rows, as_json=as_json)
    if not yes and any(row["due"] for row in rows):
        due = sum(len(row["due"]) for row in rows)
        ask_first(f"{due} are due. Identity that is destroyed does not come back.", yes=yes)
    return _show(asyncio.run(_run()), as_json=as_json)


def _show(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        return show_json(rows)
    plain = [{**row, "due": len(row["due"]), "counts": _words(row["counts"])} for row in rows]
    return show_rows(plain, as_json=False, empty="Nothing was due.")


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{code} {count}" for code, count in counts.items())


async def _report(mongo: Any) -> list[dict[str, Any]]:
    from services.intake.retaining import report
    from shared.mongo.reader import MongoReader
    from shared.service.runtime import domain_clock

    return [row.model_dump() for row in await report(MongoReader(mongo), domain_clock(place_of(ServiceName.INTAKE))())]


async def _run() -> list[dict[str, Any]]:
    from services.intake import retaining
    from services.intake.app import service
    from shared.kernel.command import Unavailable
    from shared.service.runtime import open_runtime

    settings, stop = settings_of(ServiceName.INTAKE), asyncio.Event()
    async with open_runtime(service(settings), settings) as runtime:
        lane = asyncio.create_task(runtime.bus.run(stop))
        try:
            proof = await retaining.run(runtime)
        except Unavailable as refused:
            raise OperatorError(f"intake: {refused.code}") from refused
        finally:
            stop.set()
            await lane
    return [rule.model_dump() for rule in proof.rules] if proof else []
