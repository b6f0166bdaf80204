"""Recruiters met at a stop: split off at the door into the suspects' own database, where only the police read."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.kernel.aggregate import Entry
from shared.reference.codes import RECRUITER_TIES


class RecruiterKind(StrEnum):
    """What the contact says they are."""

    PERSON = "PERSON"
    P3MI = "P3MI"
    PPTKS = "PPTKS"
    UNKNOWN = "UNKNOWN"


class RecruiterContact(BaseModel):
    """One contact as a command carries it. `sealed` is name, phone and description, encrypted under its own key."""

    model_config = ConfigDict(frozen=True)

    ref: str
    kind: RecruiterKind
    tie: str = "UNKNOWN"
    sealed: bytes
    phone_index: bytes | None = None
    index_version: str | None = None

    @property
    def close(self) -> bool:
        """Whether they would learn of a return home: family, or from the same village."""
        return RECRUITER_TIES[self.tie].close


class RecruiterArrival(Entry):
    """A contact on its way into the suspects' database. Inserted once; intake cannot read it back."""

    collection: ClassVar[str] = "arrivals"
    database: ClassVar[str | None] = "suspects"

    interdiction_ref: str
    agency: str
    occurred_at: datetime
    recorded_at: datetime
    kind: RecruiterKind
    tie: str
    close: bool
    sealed: bytes
    phone_index: bytes | None
    index_version: str | None
