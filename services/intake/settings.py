"""Intake's settings; all are read from `PULANG_INTAKE_…`."""

from typing import ClassVar, Self

from pydantic import SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from shared.service.settings import SAMPLE_SECRET, ServiceSettings


class Settings(ServiceSettings):
    """Intake keeps people and suspects in databases of their own."""

    model_config = SettingsConfigDict(env_prefix="PULANG_INTAKE_")
    secrets: ClassVar[tuple[str, ...]] = (*ServiceSettings.secrets, "index_key")
    rings: ClassVar[tuple[str, ...]] = (*ServiceSettings.rings, "index_key")

    mongo_database: str = "pulang_intake"
    suspects_database: str = "pulang_suspects"
    index_key: SecretStr = SecretStr(SAMPLE_SECRET)
    """A key ring for the blind indexes of NIK and phone; whoever has it can test guesses, so it is kept and rotated
    like a master key."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """Refuse to start where people and suspects would share a database."""
        if self.mongo_database == self.suspects_database:
            raise ValueError("people and suspects need databases of their own")
        return self
