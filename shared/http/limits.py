"""How often one caller may ask: data, read once at start."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Self

import limits
import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.http.specs import Use

FILE = Path(__file__).with_name("limits.yaml")


class Rate(BaseModel):
    """Windows that hold at once, and how much of each a process takes from the shared store in one go."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    limit: tuple[limits.RateLimitItem, ...]
    share: int = Field(default=1, ge=1)

    @field_validator("limit", mode="before")
    @classmethod
    def _parsed(cls, text: str) -> tuple[limits.RateLimitItem, ...]:
        return tuple(limits.parse_many(text))

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if any(item.amount % self.share for item in self.limit):
            raise ValueError("a share must divide its limits, or the last part of a window could not be taken")
        return self


class Limits(BaseModel):
    """All limits: by what a request does, for everyone and for some roles; and for who has not signed in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    everyone: Mapping[Use, Rate]
    roles: Mapping[str, Mapping[Use, Rate]] = Field(default_factory=dict)
    strangers: Rate

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if any(set(table) != set(Use) for table in (self.everyone, *self.roles.values())):
            raise ValueError("every use needs a limit")
        return self

    def rate(self, roles: Iterable[str], use: Use) -> Rate:
        """The limit for a caller with these roles."""
        own = [self.roles[role] for role in sorted(roles) if role in self.roles]
        return (own[0] if own else self.everyone)[use]


@cache
def load_limits(file: Path = FILE) -> Limits:
    """The limits of a file; raises ValidationError where it is not right."""
    return Limits.model_validate(yaml.safe_load(file.read_text("utf-8")))
