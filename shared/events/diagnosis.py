"""The strict way to read a message: partners' always, ours where the quick way found anything unusual."""

import re
from typing import Any

from pydantic import ValidationError

from shared.events import strict_json
from shared.events.acceptance import accept
from shared.events.envelope import Envelope
from shared.events.frame import frame_problem, value_problem
from shared.events.incoming import Incoming, Record
from shared.events.reasons import Reason, Refused
from shared.events.registry import Registry, TopicSpec

REQUIRED = tuple(name for name, field in Envelope.model_fields.items() if field.is_required())
PARTNER_ATTRIBUTES = Envelope.model_fields.keys() - {"correlationid", "causationid"}
"""A partner's fact begins a correlation; it cannot join one of ours."""

_SOURCE = re.compile(r"/(pulang|partner)/[a-z0-9-]{1,40}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:|/-]{0,199}")


def decode_strictly(record: Record, registry: Registry, service: str) -> Incoming:
    """The event, or the first reason why it is none. Raises ModelMissing only."""
    topic = registry.topics[record.partition.topic]
    unread = value_problem(record, topic)
    if unread is not None:
        return Incoming(record, refusal=unread)
    reading = strict_json.read(record.value or b"")
    try:
        _refuse(frame_problem(record, topic) or reading.problem)
        return accept(record, _envelope(reading.value, topic), registry, service)
    except Refused as refused:
        identity = _identity(reading.value)
        return Incoming(record, refusal=refused.reason, pointer=refused.pointer, identity=identity)


def _refuse(problem: Reason | None) -> None:
    if problem is not None:
        raise Refused(problem)


def _envelope(tree: Any, topic: TopicSpec) -> Envelope:
    if not isinstance(tree, dict):
        raise Refused(Reason.NOT_AN_OBJECT)
    if tree.get("specversion", "1.0") != "1.0":  # other versions have other attributes, so this comes first
        raise Refused(Reason.WRONG_SPECVERSION, "/specversion")
    for name in REQUIRED:
        if name not in tree:
            raise Refused(Reason.MISSING_ATTRIBUTE, f"/{name}")
    if topic.kind == "partner" and not tree.keys() <= PARTNER_ATTRIBUTES:
        raise Refused(Reason.UNKNOWN_ATTRIBUTE)
    try:
        return Envelope.model_validate(tree)
    except ValidationError as error:
        raise _attribute_refusal(error) from None


def _attribute_refusal(error: ValidationError) -> Refused:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    name = str(first["loc"][0])
    if name == "type":
        return Refused(Reason.UNKNOWN_TYPE, "/type")
    outside = first["type"] == "date_out_of_range"
    return Refused(Reason.DATE_OUT_OF_RANGE if outside else Reason.INVALID_ATTRIBUTE, f"/{name}")


def _identity(tree: Any) -> str | None:
    """`source|id` of a refused message, where both can be read."""
    if not isinstance(tree, dict):
        return None
    source, id_ = tree.get("source"), tree.get("id")
    if isinstance(source, str) and isinstance(id_, str) and _SOURCE.fullmatch(source) and _ID.fullmatch(id_):
        return f"{source}|{id_}"
    return None
