"""`deploy/access.yaml` as it is written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

FILE = Path(__file__).parents[1] / "access.yaml"


class Part(BaseModel):
    """A part of the file; what it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ServiceAccount(Part):
    """A process of ours at Kafka."""

    service: str
    may: tuple[Literal["write", "read", "purge"], ...]


class Quotas(Part):
    """How much of each broker a partner may use, as Kafka names it."""

    producer_byte_rate: float
    consumer_byte_rate: float
    request_percentage: float


class KafkaPart(Part):
    """Accounts at Kafka."""

    administrators: tuple[str, ...]
    services: Mapping[str, ServiceAccount]
    partners: Mapping[str, Quotas]


class Right(Part):
    """A right in one database; the file says what each is."""

    right: Literal["service", "owner", "door", "keys", "ledger"]
    database: str
    service: str | None = None
    collection: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """A door and a ledger are about one collection, a service's right about a service."""
        if (self.right in {"door", "ledger"}) != (self.collection is not None):
            raise ValueError("a door and a ledger need a collection, and nothing else does")
        if (self.right == "service") != (self.service is not None):
            raise ValueError("the right `service` needs a service, and nothing else does")
        return self


class MongoPart(Part):
    """Users of MongoDB."""

    administrators: tuple[str, ...]
    users: Mapping[str, tuple[Right, ...]]


class Access(Part):
    """The whole file."""

    kafka: KafkaPart
    mongo: MongoPart

    @classmethod
    def read(cls, file: Path = FILE) -> Self:
        """Raises pydantic's ValidationError where the file is wrong."""
        return cls.model_validate(yaml.safe_load(file.read_text("utf-8")))
