"""The operator's own settings, from `PULANG_OPERATOR_…`: the servers under an administrator's account."""

from pathlib import Path
from typing import Self

from pydantic import model_validator
from pydantic_settings import SettingsConfigDict

from shared.service.connections import Connections
from shared.service.open_ways import refuse_far_unencrypted


class Operator(Connections):
    """Where the servers are, and who administers them. `topic_prefix` stands before every name of the platform."""

    model_config = SettingsConfigDict(env_prefix="PULANG_OPERATOR_")

    passwords: Path = Path(".pulang/passwords")
    """The folder of the accounts' passwords, one file each."""

    @model_validator(mode="after")
    def _sealed(self) -> Self:
        """An administrator's password does not cross a network in the clear."""
        refuse_far_unencrypted(self)
        return self
