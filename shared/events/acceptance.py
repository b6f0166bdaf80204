"""From a readable envelope to a typed event: who may write what where, and whether the body is what its type says."""

import hashlib
from typing import Any

import orjson
from pydantic import ValidationError

from shared.events.envelope import Envelope, Event, EventData
from shared.events.incoming import Incoming, Record
from shared.events.reasons import Reason, Refused
from shared.events.registry import Registry, TopicSpec

_BODY_REASONS = {
    "missing": Reason.MISSING_FIELD,
    "extra_forbidden": Reason.UNKNOWN_FIELD,
    "date_out_of_range": Reason.DATE_OUT_OF_RANGE,
}


class ModelMissing(Exception):
    """`topics.yaml` declares a type for this service, and no model of it exists: a bug of ours, so everything stops."""


def accept(record: Record, envelope: Envelope, registry: Registry, service: str) -> Incoming:
    """The event, or that this service may ignore it; raises Refused or ModelMissing."""
    topic = registry.topics[record.partition.topic]
    identity = f"{envelope.source}|{envelope.id}"
    _check_source(envelope.source, topic)
    if not _is_for(service, envelope.type, topic, registry):
        return Incoming(record, ignored=True, identity=identity)
    if topic.kind != "partner" and envelope.partitionkey not in (None, record.key):
        raise Refused(Reason.KEY_MISMATCH)
    # Sorted, so that the same bytes serve the digest; and as bytes, since only JSON can be checked strictly
    # (in Python's own types a strict model would want datetimes and tuples).
    body = orjson.dumps(envelope.data, option=orjson.OPT_SORT_KEYS)
    data = _read_body(registry.models[envelope.type], body)
    return Incoming(record, _event(record, envelope, data), digest=_digest(envelope, body), identity=identity)


def _check_source(source: str, topic: TopicSpec) -> None:
    realm = "/partner/" if topic.kind == "partner" else "/pulang/"
    if not source.startswith(realm) or source[len(realm) :] not in topic.producers:
        raise Refused(Reason.WRONG_SOURCE, "/source")


def _is_for(service: str, type_: str, topic: TopicSpec, registry: Registry) -> bool:
    declared = topic.types.get(type_)
    if declared is not None:
        if service in declared and type_ not in registry.models:
            raise ModelMissing(type_)
        return service in declared
    if type_ in registry.models:
        raise Refused(Reason.TYPE_NOT_ALLOWED, "/type")
    if topic.kind == "partner":
        raise Refused(Reason.UNKNOWN_TYPE, "/type")
    return False  # a newer release of ours already publishes it


def _read_body(model: type[EventData], body: bytes) -> EventData:
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise _body_refusal(error) from None


def _body_refusal(error: ValidationError) -> Refused:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    reason = _BODY_REASONS.get(first["type"], Reason.INVALID_FIELD)
    # An unknown field's name was chosen by the sender and may say anything.
    shown = "/data" if reason is Reason.UNKNOWN_FIELD else f"/data/{first['loc'][0]}"
    return Refused(reason, shown)


def _digest(envelope: Envelope, body: bytes) -> bytes:
    return hashlib.sha256(orjson.dumps([envelope.type, envelope.subject, orjson.Fragment(body)])).digest()


def _event(record: Record, envelope: Envelope, data: EventData) -> Event[Any]:
    return Event(
        id=envelope.id,
        source=envelope.source,
        subject=envelope.subject,
        time=envelope.time,
        key=record.key or "",
        data=data,
        correlation_id=envelope.correlationid or envelope.id,
        causation_id=envelope.causationid,
        traceparent=envelope.traceparent,
        sequence=envelope.sequence,
    )
