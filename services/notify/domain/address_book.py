"""Where offices can be reached. Nobody in the data has an entry here: the platform writes to offices and officers."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notify.domain.variables import Language
from shared.kernel.aggregate import Aggregate

Email = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){0,8}[A-Za-z0-9-]{1,63}$")
]


class Recipient(BaseModel):
    """One entry of an office. `person` is the officer's reference in the staff directory; none: the office itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    email: Email
    language: Language = Language.ID
    person: str | None = None
    active: bool = True


class AddressBook(Aggregate):
    """An office's entries; `id` is the office, `<CODE>-<region>`. Nothing but this document holds an address."""

    collection: ClassVar[str] = "address_books"

    recipients: tuple[Recipient, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> "AddressBook":
        for values in ([r.id for r in self.recipients], [r.email.lower() for r in self.recipients]):
            if len(set(values)) < len(values):
                raise ValueError("two entries share an id or an address")
        return self

    def by_email(self) -> tuple[Recipient, ...]:
        """Those who are written to."""
        return tuple(r for r in self.recipients if r.active)

    def active(self, recipient: str) -> Recipient | None:
        """The entry with this id, unless it was taken out or switched off."""
        return next((r for r in self.recipients if r.id == recipient and r.active), None)
