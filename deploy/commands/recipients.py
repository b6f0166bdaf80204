"""`pulang recipients`: where offices can be reached."""

from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.demo_data import refuse_demo_file
from deploy.errors import Misuse, read_text
from deploy.printing import AsJson

app = typer.Typer(no_args_is_help=True, help="Where offices can be reached.")

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Offices and their entries, as YAML.")]


@app.command()
def load(file: File, as_json: AsJson = False) -> None:
    """Set the address books of the offices in FILE; offices that it leaves out keep theirs.

    \b
    - office: UPTD_PPA-53.71
      recipients:
        - {id: desk, email: desk@uptd.example, language: id}
        - {id: on-call, email: jaga@uptd.example, language: en, person: O-07}
    """
    from deploy.acting import act
    from deploy.printing import show_rows
    from deploy.services import ServiceName, settings_of

    commands = _commands(file)
    refuse_demo_file(file, local=settings_of(ServiceName.NOTIFY).local)
    books = act(ServiceName.NOTIFY, "ADDRESS_BOOKS_LOADED", commands)
    rows = [{"office": book.id, "recipients": len(book.recipients), "version": book.version} for book in books]
    show_rows(rows, as_json=as_json, empty="The file names no office.")


def _commands(file: Path) -> list[Any]:
    """One command for each office; a mistake is named by its place, never by what stands there."""
    import yaml
    from pydantic import ValidationError

    from services.notify.commands import SetAddressBook
    from services.notify.domain.office_list import OfficeList

    try:
        offices = OfficeList.model_validate(yaml.safe_load(read_text(file))).root
    except yaml.YAMLError as error:
        raise Misuse(f"{file}: not YAML") from error
    except ValidationError as error:
        places = ", ".join("/".join(map(str, mistake["loc"])) or "file" for mistake in error.errors())
        raise Misuse(f"{file}: wrong at {places}") from None
    return [SetAddressBook(entry.office, entry.recipients) for entry in offices]
