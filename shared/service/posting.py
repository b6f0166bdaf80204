"""Partners' events over HTTP: read as their topic is read, and applied with the topic's own inbox."""

from collections.abc import Sequence
from dataclasses import replace

from shared.events.codec import decode
from shared.events.incoming import Incoming, Partition, Record
from shared.events.reasons import Reason
from shared.events.receipts import FactReceipt, ReceiptStatus
from shared.mongo.posted import PostedLane
from shared.service.runtime import Runtime

NOWHERE = -1
"""Partition and offset of what lies on no topic."""
POSTED = "posted"
"""The key of what is not read yet."""


class PostedFacts:
    """Implements the interface's inbox."""

    def __init__(self, runtime: Runtime) -> None:
        self._registry = runtime.registry
        self._service = runtime.name
        self._lane = PostedLane(runtime.lane, runtime.settings.command_deadline_s)

    async def take(self, topic: str, values: Sequence[bytes], correlation_id: str) -> list[FactReceipt]:
        """A receipt for each. What is no event leaves nothing behind; the rest is durable."""
        incoming = [self._read(topic, value, correlation_id) for value in values]
        good = [each for each in incoming if each.event]
        statuses = iter(await self._lane.apply(good) if good else [])
        return [FactReceipt(next(statuses)) if each.event else _invalid(each) for each in incoming]

    def _read(self, topic: str, value: bytes, correlation_id: str) -> Incoming:
        """As from the topic; its subject stands for the key that a record would have had."""
        record = Record(Partition(topic, NOWHERE), NOWHERE, POSTED, value)
        incoming = decode(record, self._registry, self._service)
        event = incoming.event
        if event is None:
            return incoming
        keyed = replace(event, key=event.subject, correlation_id=correlation_id)
        return replace(incoming, record=replace(record, key=event.subject), event=keyed)


def _invalid(incoming: Incoming) -> FactReceipt:
    """A type that this service does not take in would be lost, so it is refused."""
    reason = incoming.refusal or Reason.TYPE_NOT_ALLOWED
    return FactReceipt(ReceiptStatus.INVALID, str(reason), incoming.pointer)
