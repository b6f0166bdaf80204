"""Address books as operators write them down."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from services.notify.domain.address_book import AddressBook, Recipient
from shared.reference.agencies import is_office_here


class Office(BaseModel):
    """An office, `<CODE>-<region>`, and its entries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    office: Annotated[str, Field(pattern=r"^[A-Z0-9_]{2,24}-[0-9]{2}(\.[0-9]{2})?$")]
    recipients: tuple[Recipient, ...]

    @model_validator(mode="after")
    def _known(self) -> "Office":
        if not is_office_here(self.office):
            raise ValueError("no such office")
        AddressBook(id=self.office, recipients=self.recipients)  # raises where two entries clash
        return self


class OfficeList(RootModel[tuple[Office, ...]]):
    """A whole file; each office once."""

    @model_validator(mode="after")
    def _once(self) -> "OfficeList":
        if len({entry.office for entry in self.root}) < len(self.root):
            raise ValueError("an office appears twice")
        return self
