"""The operator's own settings, from `PULANG_OPERATOR_…`: the servers under an administrator's account."""

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from shared.service.connections import Connections


class Operator(Connections):
    """Where the servers are, and who administers them. `topic_prefix` stands before every name of the platform."""

    model_config = SettingsConfigDict(env_prefix="PULANG_OPERATOR_")

    passwords: Path = Path(".pulang/passwords")
    """The folder of the accounts' passwords, one file each."""
