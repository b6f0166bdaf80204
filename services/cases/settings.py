"""The only reader of the environment: `PULANG_CASES_…`."""

from pydantic_settings import SettingsConfigDict

from shared.service.settings import ServiceSettings


class Settings(ServiceSettings):
    """Cases needs nothing beyond what every service needs."""

    model_config = SettingsConfigDict(env_prefix="PULANG_CASES_", frozen=True, extra="ignore")

    mongo_database: str = "pulang_cases"
