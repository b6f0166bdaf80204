"""Between typed events and bytes on a topic."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from shared.events.acceptance import accept
from shared.events.diagnosis import decode_strictly
from shared.events.envelope import MAX_EVENT_BYTES, Envelope, EventData
from shared.events.frame import frame_problem, value_problem
from shared.events.incoming import Incoming, Record
from shared.events.reasons import Refused
from shared.events.registry import Registry, TopicSpec

ATTRIBUTES = frozenset(Envelope.model_fields)
NUMBER_BYTES = 32
"""Room for the number that is added last."""


class EventTooLarge(Exception):
    """An event that the broker would refuse for ever; it must not enter the outbox."""


def decode(record: Record, registry: Registry, service: str) -> Incoming:
    """What a record is to this service: an event, a reason why it is none, or nothing that concerns it.

    `record.partition.topic` is a name of `topics.yaml`. Whatever the bytes are, the only exception is ModelMissing.
    """
    topic = registry.topics[record.partition.topic]
    if topic.kind != "partner":
        incoming = _decode_quickly(record, topic, registry, service)
        if incoming is not None:
            return incoming
    return decode_strictly(record, registry, service)


def _decode_quickly(record: Record, topic: TopicSpec, registry: Registry, service: str) -> Incoming | None:
    """Read what our own encoder wrote; None where anything is unusual, so that the strict way finds out what."""
    if value_problem(record, topic) or frame_problem(record, topic):
        return None
    try:
        tree = _as_written(record.value or b"")
        envelope = Envelope.model_validate(tree)
        model = registry.models.get(envelope.type)
        if not ATTRIBUTES.issuperset(tree) or (model and not _names_of(model).issuperset(envelope.data)):
            return None  # what nobody has checked may hide in a name or a value that no model has
        return accept(record, envelope, registry, service)
    except (ValueError, TypeError, Refused):  # orjson's and pydantic's own errors are both ValueErrors
        return None


@cache
def _names_of(model: type[EventData]) -> frozenset[str]:
    return frozenset(model.model_fields)


def _as_written(raw: bytes) -> dict[str, Any]:
    """Parse; raises ValueError or TypeError unless these are, byte for byte, what the encoder makes of the result.

    That one comparison excludes doubled names and odd escapes, which this parser would let pass.
    """
    tree: dict[str, Any] = orjson.loads(raw)
    if orjson.dumps(tree) != raw or b"\\u0000" in raw:
        raise ValueError("not as our encoder writes")
    return tree


def encode(
    data: BaseModel,
    *,
    id_: str,
    source: str,
    subject: str,
    time: datetime,
    key: str | None,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    traceparent: str | None = None,
    epoch: int | None = None,
) -> bytes:
    """An envelope around a body. `source` is `/pulang/<service>`, `time` when it was recorded, `key` the record's.

    What can be known about an event when it is decided is checked here; its number comes later (`numbered`). A thin
    event leaves without the ids that would tie it to others' acts. Raises EventTooLarge, ValueError where an attribute
    is none, and TypeError where the body is no event's or no JSON.
    """
    if not isinstance(data, EventData):
        raise TypeError(f"{type(data).__name__} is no event's body")
    thin = data.thin
    attributes = {
        "specversion": "1.0",
        "id": id_,
        "source": source,
        "type": data.type,
        "subject": subject,
        "time": rfc3339(time),
        "datacontenttype": "application/json",
        "partitionkey": key,
        "traceparent": None if thin else traceparent,
        "correlationid": None if thin else correlation_id,
        "causationid": None if thin else causation_id,
        "epoch": epoch,
        "data": data.model_dump(mode="json"),
    }
    return _sealed({name: value for name, value in attributes.items() if value is not None})


def rfc3339(moment: datetime) -> str:
    """UTC to the millisecond, `2026-05-14T05:20:00.000Z`; raises ValueError where the moment has no offset."""
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _sealed(attributes: dict[str, Any]) -> bytes:
    try:
        Envelope.model_validate(attributes)  # an attribute that receivers would refuse must fail here, at its cause
    except ValidationError as error:
        names = sorted({str(e["loc"][0]) for e in error.errors(include_input=False, include_url=False)})
        raise ValueError(f"invalid attributes: {', '.join(names)}") from None
    raw = orjson.dumps(attributes)
    if len(raw) + NUMBER_BYTES > MAX_EVENT_BYTES:
        raise EventTooLarge(str(attributes["type"]))
    return raw


def numbered(value: bytes, sequence: int) -> bytes:
    """The encoded event with its number within topic and key, which is known only once the others of its transaction
    are: added to the end of the object, so that nothing is encoded twice."""
    return value[:-1] + b',"sequence":%d}' % sequence
