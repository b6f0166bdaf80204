"""`pulang vault`: the keys that keep people's identity closed. Shows counts and fingerprints, opens nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from deploy.errors import OperatorError
from deploy.printing import AsJson, Yes, ask_first, rfc3339, show_done, show_json
from deploy.services import ServiceName, ServiceOption, asking, settings_of

app = typer.Typer(no_args_is_help=True, help="The keys that keep identity closed: rotation, offline copies, erasures.")

T = TypeVar("T")

WAIT_S = 600.0
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for the clock process; 0 only asks.")]


@app.command()
def status(service: ServiceOption, as_json: AsJson = False) -> None:
    """Which master key wraps how many data keys, and how far a rotation is."""
    _show(_ask(service, _status), as_json=as_json)


@app.command()
def rotate(service: ServiceOption, wait: Wait = WAIT_S, as_json: AsJson = False) -> None:
    """Let the service's clock process rewrap all data keys under the master key that comes first in its ring.

    Every process must know that key already. Exit code 1 where it isn't done in time.
    """
    from shared.service.runtime import domain_clock

    now = domain_clock(settings_of(service))()
    found = _ask(service, lambda vault: _rotate(vault, now, wait))
    _show(found, as_json=as_json)
    if wait and any(each["rotation"]["done_at"] is None for each in found.values()):
        raise OperatorError(f"{service}: not done yet; does its clock process run?")


@app.command()
def check(service: ServiceOption, as_json: AsJson = False) -> None:
    """Exit code 1 where destroyed keys are back, or data keys still need an old master key."""
    wrong = [f"{vault}: {each}" for vault, found in _ask(service, _check).items() for each in found]
    show_json(wrong) if as_json else typer.echo("\n".join(wrong) or "Nothing is wrong.")
    if wrong:
        raise typer.Exit(1)


def _ask(service: ServiceName, question: Callable[[Any], Awaitable[T]]) -> dict[str, T]:
    """The answer for each of the service's vaults, by database."""
    from shared.mongo.keyvault import KeyVault

    settings = settings_of(service)

    async def ask(mongo: Any) -> dict[str, T]:
        return {name: await question(KeyVault(mongo, name)) for name in settings.key_databases}

    return asking(service, ask)


def _show(vaults: dict[str, dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        return show_json(vaults)
    for name, found in vaults.items():
        keys = ", ".join(f"{count} under {version}" for version, count in found["keys"].items()) or "none"
        typer.echo(
            f"{name}\n  data keys: {keys}\n  destroyed: {found['destroyed']}\n  rotation: {_told(found['rotation'])}"
        )
    return None


async def _status(vault: Any) -> dict[str, Any]:
    return {
        "keys": await vault.by_master_key(),
        "destroyed": await vault.destroyed(),
        "rotation": await vault.rotation(),
    }


async def _rotate(vault: Any, now: datetime, wait_s: float) -> dict[str, Any]:
    await vault.ask_rotation(now)
    deadline = asyncio.get_running_loop().time() + wait_s
    while (found := await _status(vault))["rotation"]["done_at"] is None:
        if asyncio.get_running_loop().time() >= deadline:
            break
        await asyncio.sleep(0.5)
    return found


async def _check(vault: Any) -> list[str]:
    found, risen = await _status(vault), await vault.risen()
    wrong = [f"{risen} destroyed keys are back: apply the erasure ledger"] if risen else []
    if len(found["keys"]) > 1:
        wrong.append(f"data keys need {len(found['keys'])} master keys: {', '.join(found['keys'])}")
    return wrong


def _told(rotation: dict[str, Any] | None) -> str:
    if rotation is None:
        return "none was asked for"
    state = f"done at {rfc3339(rotation['done_at'])}" if rotation["done_at"] else "under way"
    return f"{state}, {rotation['rewrapped']} data keys rewrapped, asked for at {rfc3339(rotation['asked_at'])}"


@app.command("apply-ledger")
def apply_ledger(yes: Yes = False, as_json: AsJson = False) -> None:
    """After a restore, before anything starts: destroy again what the erasure ledger says was destroyed."""
    ask_first("Keys that are destroyed do not come back.", yes=yes)
    owners = asking(ServiceName.INTAKE, _apply_ledger)
    show_done({"destroyed_again": owners}, f"{owners} owners' keys were destroyed again.", as_json=as_json)


async def _apply_ledger(mongo: Any) -> int:
    from services.intake import erasing
    from services.intake.ledger import ErasureLedger, LedgerBroken
    from shared.kernel.clock import system_clock
    from shared.mongo.keyvault import KeyVault, key_database_of

    settings = settings_of(ServiceName.INTAKE)
    if settings.erasure_ledger is None or not settings.erasure_ledger.exists():
        raise OperatorError("there is no erasure ledger at PULANG_INTAKE_ERASURE_LEDGER")
    vault = KeyVault(mongo, key_database_of(settings))
    try:
        return await erasing.apply_ledger(ErasureLedger(settings.erasure_ledger), vault, mongo, system_clock())
    except LedgerBroken as error:
        raise OperatorError(f"{settings.erasure_ledger}: {error}") from None


@app.command("new-key")
def new_key(
    ring: Annotated[Path, typer.Argument(help="The ring's file; made where it is missing, mode 0600.")],
    version: Annotated[str, typer.Option("--version", help="What to call it, for example 2026b.")],
    as_json: AsJson = False,
) -> None:
    """Add a random key to a ring's file, last: known, but not in use. Move its line to the top to use it."""
    from deploy.keyfiles import add_key

    added = add_key(ring, version)
    show_done({"version": version, "fingerprint": added}, f"{version}  {added}", as_json=as_json)


@app.command()
def copy(
    service: ServiceOption,
    to: Annotated[list[str], typer.Option("--to", help="AGENCY=public-key.pem, for each of the two agencies.")],
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="Where to write the parts.")],
    as_json: AsJson = False,
) -> None:
    """Make an offline copy of the service's key rings in two parts, one for each agency; see docs/vault.md."""
    from deploy.keyfiles import copy_rings

    made = copy_rings(service, to, out)
    if as_json:
        return show_json(made)
    for line in made:
        typer.echo(f"{line['file']}  for {line['agency']}")
    typer.echo("Compare aloud:")
    for ring, keys in made[0]["fingerprints"].items():
        typer.echo("\n".join(f"  {ring} {version}  {fingerprint}" for version, fingerprint in keys.items()))
    return None


@app.command("restore-copy")
def restore_copy(
    part: Annotated[list[str], typer.Option("--part", help="part.json=private-key.pem, for both parts.")],
    out: Annotated[Path, typer.Option("--out", file_okay=False, help="Where to write the rings, mode 0600.")],
    as_json: AsJson = False,
) -> None:
    """Put the two parts together again. Passphrases of the private keys are asked for."""
    from deploy.keyfiles import restore_rings

    written = restore_rings(part, out, lambda name: str(typer.prompt(f"Passphrase of {name}", hide_input=True)))
    show_json(written) if as_json else typer.echo("\n".join(f"{w['file']}  {w['fingerprints']}" for w in written))
