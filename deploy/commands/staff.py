"""`pulang staff`: the staff directory, which the service cases owns."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.acting import act, refused
from deploy.demo_data import refuse_demo_file
from deploy.errors import Misuse, OperatorError, read_text
from deploy.printing import AsJson, show_done
from deploy.ruling import cause_of
from deploy.services import ServiceName, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.cases.roster import Roster
    from shared.kernel.context import Cause
    from shared.security.staff import Member

app = typer.Typer(no_args_is_help=True, help="The staff directory: who works for which office, in which roles.")

File = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, help="YAML: members, each with person, agency, roles and valid_from."),
]
Person = Annotated[str, typer.Argument(help="The person's reference at the identity provider.")]
Office = Annotated[str, typer.Argument(help="An office, for example UPTD_PPA-53.71.")]
By = Annotated[str, typer.Option("--by", help="The operator's reference, for the audit.")]
Reason = Annotated[str, typer.Option(help="A code of the catalogue's suspension reasons.")]


@app.command()
def load(file: File, by: By, as_json: AsJson = False) -> None:
    """Load members from a file, or nobody where it has a mistake. Who is unchanged is not published again; nobody is
    removed, nobody let in again."""
    cause, roster = cause_of("STAFF_LOADED", by), _read(file)
    refuse_demo_file(file, local=settings_of(ServiceName.CASES).local)
    changed = asyncio.run(_load(roster, cause))
    show_done({"published": list(changed)}, f"{len(changed)} published.", as_json=as_json)


@app.command()
def appoint(person: Person, office: Office, as_json: AsJson = False) -> None:
    """Make a person the administrator of their agency: how the first one comes to be."""
    from services.cases.commands import AppointAdministrator

    (member,) = act(ServiceName.CASES, "ADMINISTRATOR_APPOINTED", [AppointAdministrator(person, office)])
    _show(member, as_json)


@app.command()
def suspend(person: Person, reason: Reason, as_json: AsJson = False) -> None:
    """Shut a person out: at once in cases, within five seconds everywhere."""
    from services.cases.commands import SuspendMember

    (member,) = act(ServiceName.CASES, "STAFF_MOVED", [SuspendMember(person, reason)])
    _show(member, as_json)


@app.command()
def reinstate(person: Person, as_json: AsJson = False) -> None:
    """Let a person in again."""
    from services.cases.commands import ReinstateMember

    (member,) = act(ServiceName.CASES, "STAFF_MOVED", [ReinstateMember(person)])
    _show(member, as_json)


@app.command()
def suspend_office(office: Office, reason: Reason, as_json: AsJson = False) -> None:
    """Shut a whole office out."""
    from services.cases.commands import SuspendOffice

    act(ServiceName.CASES, "OFFICE_MOVED", [SuspendOffice(office, reason)])
    show_done({"office": office, "suspended": True}, f"{office} is shut out.", as_json=as_json)


@app.command()
def reinstate_office(office: Office, as_json: AsJson = False) -> None:
    """Let an office in again."""
    from services.cases.commands import ReinstateOffice

    act(ServiceName.CASES, "OFFICE_MOVED", [ReinstateOffice(office)])
    show_done({"office": office, "suspended": False}, f"{office} is in again.", as_json=as_json)


def _read(file: Path) -> "Roster":
    from services.cases.datafile import DataFileError
    from services.cases.roster import read_roster

    try:
        return read_roster(read_text(file), file.name)
    except DataFileError as error:
        raise Misuse(str(error)) from error


async def _load(roster: "Roster", cause: "Cause") -> "Sequence[str]":
    from services.cases import roster as directory
    from services.cases.app import service
    from shared.kernel.command import Unavailable
    from shared.kernel.errors import Reject
    from shared.service.runtime import open_runtime

    settings, stop = settings_of(ServiceName.CASES), asyncio.Event()
    async with open_runtime(service(settings), settings) as runtime:
        lane = asyncio.create_task(runtime.bus.run(stop))
        try:
            return await directory.load(roster, runtime.bus, runtime.clock, cause)
        except Unavailable as outage:
            raise OperatorError(f"cases: {outage.code}") from outage
        except Reject as no:
            raise refused(ServiceName.CASES, no) from no
        finally:
            stop.set()
            await lane


def _show(member: "Member", as_json: bool) -> None:
    shown = {"person": member.id, "agency": member.agency, "roles": list(member.roles), "active": member.active}
    state = "active" if member.active else "shut out"
    show_done(shown, f"{member.id} ({member.agency}): {', '.join(member.roles)}; {state}.", as_json=as_json)
