"""Intake's settings; all are read from `PULANG_INTAKE_…`."""

from pydantic import model_validator
from pydantic_settings import SettingsConfigDict

from shared.service.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    """Intake keeps three databases apart: people, reporters, and suspects."""

    model_config = SettingsConfigDict(env_prefix="PULANG_INTAKE_", frozen=True, extra="ignore")

    mongo_database: str = "intake_subjects"
    suspects_database: str = "intake_suspects"

    @model_validator(mode="after")
    def _apart(self) -> "IntakeSettings":
        """Refuse to start where people and suspects would share a database."""
        if self.mongo_database == self.suspects_database:
            raise ValueError("people and suspects need databases of their own")
        return self
