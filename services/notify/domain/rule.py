"""Which offices are told of which event, and how."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notify.domain.channel import Channel
from services.notify.domain.notice import About
from services.notify.domain.variables import LINK, VARIABLES, Values, raw_value


class Subject(BaseModel):
    """What a reader opens after sign-in: its kind, and the field of the event that holds its reference.

    `before` is what is opened instead where an event is older than that field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    ref: str
    before: "Subject | None" = None

    @property
    def fields(self) -> set[str]:
        """The fields that it looks at."""
        return {self.ref, *(self.before.fields if self.before else ())}

    def of(self, data: Any) -> About:
        """What this event is about."""
        ref = getattr(data, self.ref)
        return self.before.of(data) if ref is None and self.before else About(kind=self.kind, ref=ref)


class Rule(BaseModel):
    """Data, from `rules.yaml`. Everything right of a colon that is not a code names a field of the event's body.

    `offices` are fields that hold one office, several or none. `values` maps a template's variables to fields.
    Every notice is in the office's inbox, since messages link there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: str
    offices: tuple[str, ...] = Field(min_length=1)
    template: str
    values: dict[str, str]
    about: Subject
    channels: tuple[Channel, ...]

    @model_validator(mode="after")
    def _checked(self) -> "Rule":
        if self.values.keys() - VARIABLES.keys() or LINK in self.values:
            raise ValueError(f"{self.event}: values for what is no variable of messages")
        if Channel.IN_APP not in self.channels:
            raise ValueError(f"{self.event}: every notice is in the inbox")
        return self

    @property
    def fields(self) -> set[str]:
        """Every field of the event that the rule looks at."""
        return {*self.offices, *self.values.values(), *self.about.fields}

    def offices_of(self, data: Any) -> tuple[str, ...]:
        """The offices that this event names, each once, in order."""
        found: list[str] = []
        for field in self.offices:
            value = getattr(data, field)
            found += (value,) if isinstance(value, str) else (value or ())
        return tuple(dict.fromkeys(found))

    def values_of(self, data: Any) -> Values:
        """The template's raw values out of this event."""
        return {name: raw_value(name, getattr(data, field)) for name, field in self.values.items()}
