"""Which event types exist, and which topics carry them: Python's models held against `topics.yaml`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module, resources
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from shared.events.envelope import EventData

MODULES = ("intake_v1", "case_v1", "notice_v1", "staff_v1", "partner_v1", "agency_v1", "system_v1", "audit_v1")


class TopicSpec(BaseModel):
    """One topic as `topics.yaml` declares it. `partner` is the agency's code where a partner writes to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Literal["own", "partner", "agency", "system"]
    key: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...] = ()
    partitions: Annotated[int, Field(ge=1, le=64)] = 6
    retention_days: int = 30
    compacted: bool = False
    pulse: bool = False
    """Whether its producer says every second on each partition how fresh it is (`shared.messaging.pulse`)."""
    partner: str | None = None
    types: dict[str, tuple[str, ...]]
    """Event type → the services that declare it for themselves; others ignore it."""


@dataclass(frozen=True)
class Registry:
    """Event types by name, topics by name."""

    models: dict[str, type[EventData]]
    topics: dict[str, TopicSpec] = field(default_factory=dict)

    def consumed_by(self, service: str) -> list[str]:
        """The topics that a service subscribes to, sorted."""
        return sorted(t.name for t in self.topics.values() if service in t.consumers)

    def takers(self, topic: str, type_: str) -> tuple[str, ...]:
        """The services that take an event of this type in from this topic."""
        return self.topics[topic].types.get(type_, ()) if topic in self.topics else ()

    def partners(self) -> dict[str, str]:
        """The agency that each partner topic belongs to. A partner's client of the issuer is called as its topic."""
        return {t.name: t.partner for t in self.topics.values() if t.partner}


def load_topics() -> dict[str, TopicSpec]:
    """Read the package's `topics.yaml`; raises pydantic's ValidationError where it is wrong."""
    text = resources.files("shared.events").joinpath("topics.yaml").read_text("utf-8")
    specs = [TopicSpec(name=name, **body) for name, body in yaml.safe_load(text).items()]
    return {spec.name: spec for spec in specs}


def models_of(modules: Iterable[str] = MODULES) -> dict[str, type[EventData]]:
    """Every concrete event body that these modules define, by type."""
    found: dict[str, type[EventData]] = {}
    for name in modules:
        for value in vars(import_module(f"shared.events.{name}")).values():
            if isinstance(value, type) and issubclass(value, EventData) and "type" in vars(value):
                found[value.type] = value
    return found


@cache
def registry() -> Registry:
    """The platform's own registry, built once from files of this package."""
    return Registry(models_of(), load_topics())
