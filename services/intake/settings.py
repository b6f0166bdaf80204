"""Intake's settings; all are read from `PULANG_INTAKE_…`."""

from pathlib import Path
from typing import ClassVar, Self

from pydantic import SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.mongo.client import Mongo
from shared.service.connections import mongo_account
from shared.service.settings import SAMPLE_SECRET, ServiceSettings


class Settings(ServiceSettings):
    """Intake keeps people and suspects in databases of their own."""

    model_config = SettingsConfigDict(env_prefix="PULANG_INTAKE_")
    secrets: ClassVar[tuple[str, ...]] = (*ServiceSettings.secrets, "index_key")
    rings: ClassVar[tuple[str, ...]] = (*ServiceSettings.rings, "index_key")

    mongo_database: str = "pulang_intake"
    suspects_database: str = "pulang_suspects"
    suspects_username: str | None = None
    """Who moves on what the door left in the suspects' database; only the worker is given this account."""
    suspects_password: SecretStr | None = None
    index_key: SecretStr = SecretStr(SAMPLE_SECRET)
    """A key ring for the blind indexes of NIK and phone; whoever has it can test guesses, so it is kept and rotated
    like a master key."""
    erasure_ledger: Path | None = None
    """The file of erasures; on a disk of its own, which no back-up of the databases holds. All of intake's processes
    read it, the clock process writes it."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """Refuse to start where people and suspects would share a database."""
        if self.mongo_database == self.suspects_database:
            raise ValueError("people and suspects need databases of their own")
        if not self.local and self.erasure_ledger is None:
            raise ValueError("a restored back-up would bring erased people back: name a file for the erasure ledger")
        return self

    @property
    def key_databases(self) -> tuple[str, ...]:
        """Suspects have keys of their own."""
        return (*super().key_databases, f"{self.suspects_database}_keys")

    def suspects(self) -> Mongo:
        """The suspects' database under its own user; by default under this process's, as a server without access
        control takes it."""
        if self.suspects_username is None:
            return self.mongo(self.suspects_database)
        account = mongo_account(self.suspects_username, self.suspects_password, self.mongo_ca_file)
        return Mongo(self.mongo_uri, self.suspects_database, options=account)
