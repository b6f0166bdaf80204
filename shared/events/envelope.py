"""The envelope: CloudEvents 1.0 (cncf/cloudevents), structured JSON mode, with our extension attributes."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

D = TypeVar("D", bound="EventData")

CONTENT_TYPE = "application/cloudevents+json"
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json"
MAX_EVENT_BYTES = 900_000
"""Checked before an event enters the outbox; below the broker's usual limit of 1 MiB with room for the record."""


T = TypeVar("T", date, datetime)


def _sane(moment: T) -> T:
    if not 2000 <= moment.year <= 2200:
        raise PydanticCustomError("date_out_of_range", "year outside 2000..2200")
    return moment


def _written(moment: object) -> object:
    if not isinstance(moment, str):
        raise PydanticCustomError("not_text", "a time is written as text")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_sane)]
"""A time with an offset, within the years that this platform can meet."""

Day = Annotated[date, AfterValidator(_sane)]
"""A calendar day within the same years."""

Code = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9_./-]{0,63}$")]
"""An upper-case code from a list; a number with dots is a region's code."""

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:|/-]{0,199}$")]
"""An identifier: ours are UUIDv7, partners choose their own."""

Count = Annotated[int, Field(ge=0, le=1_000_000)]


class EventData(BaseModel):
    """The typed body of one event type; a fact of the past: codes, refs, counts and times, never prose or identity.

    `type` is `id.pulang.<area>.<noun>.<past-tense>.v<major>`. `topics` are the channels that carry it. A body's own
    `occurred_at` is when it happened in the world; the envelope's `time` is when it was recorded.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    topics: ClassVar[tuple[str, ...]]
    thin: ClassVar[bool] = False
    """A thin event leaves our trust: it carries no correlation, causation or trace ids."""
    pulse: ClassVar[bool] = False
    """A pulse tells nothing but how fresh its partition is: readers keep that with their progress, and no inbox."""

    occurred_at: Moment


class Envelope(BaseModel):
    """The attributes around a body."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: Id
    source: Annotated[str, Field(pattern=r"^/(pulang|partner)/[a-z0-9-]{1,40}$")]
    type: Annotated[str, Field(pattern=r"^id\.pulang(\.[a-z0-9_-]+){2,4}\.v[0-9]{1,3}$")]
    subject: Id
    time: Annotated[Moment, BeforeValidator(_written)]
    datacontenttype: Literal["application/json"] = "application/json"
    partitionkey: Id | None = None
    traceparent: Annotated[str, Field(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")] | None = None
    correlationid: Id | None = None
    causationid: Id | None = None
    epoch: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)] | None = None
    sequence: Annotated[int, Field(strict=True, ge=1, le=2**53)] | None = None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event(Generic[D]):
    """A decoded event as handlers get it: the body with the attributes that a rule may look at."""

    id: str
    source: str
    subject: str
    time: datetime
    key: str
    data: D
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    sequence: int | None = None

    @property
    def occurred_at(self) -> datetime:
        """When it happened in the world."""
        return self.data.occurred_at
