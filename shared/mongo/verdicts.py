"""What becomes of one event: applied, ignored, parked, quarantined or dead. The same for a poll and for a release."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from pymongo.errors import PyMongoError

from shared.events.incoming import Halted, Incoming
from shared.events.registry import TopicSpec
from shared.kernel.aggregate import Need
from shared.kernel.context import Cause
from shared.kernel.errors import Reject
from shared.kernel.rulebook import Registered, Rulebook
from shared.kernel.setaside import FactSetAside
from shared.kernel.work import Work
from shared.mongo.bugs import Bugs, signature
from shared.mongo.desk import Desk, target_of
from shared.mongo.inbox import KEEP
from shared.mongo.transaction import Conflict, Transient
from shared.observability.joining import joined_by, on_behalf_of

log = structlog.get_logger(__name__)

HANDLER_FAILED = "HANDLER_FAILED"
TOO_OLD = "TOO_OLD"
ID_REUSED = "ID_REUSED"
CONFLICTING_DUPLICATE = "CONFLICTING_DUPLICATE"


@dataclass(frozen=True)
class Judge:
    """Asks a service's rules about events."""

    rules: Rulebook
    topics: Mapping[str, TopicSpec]
    bugs: Bugs

    def partner(self, incoming: Incoming) -> str | None:
        """The agency that writes this topic, where it is a partner's."""
        return self.topics[incoming.record.partition.topic].partner

    def rule(self, incoming: Incoming) -> Registered | None:
        """The rule for this event, if the service has one."""
        return self.rules.events.get(type(incoming.event.data)) if incoming.event else None

    def needs(self, incoming: Incoming) -> Iterable[Need]:
        """What the rule wants loaded. Where saying so fails, the rule is asked all the same and loads late."""
        registered = self.rule(incoming)
        if registered is None:
            return ()
        try:
            return list(registered.needs(incoming.event))
        except Exception as bug:  # noqa: BLE001 - a bug of ours must not end the consumer
            log.error("needs_failed", bug=signature(bug), type=type(incoming.event).__name__)
            return ()

    def too_old(self, incoming: Incoming, now: datetime) -> bool:
        """A partner's fact from before the inbox's memory."""
        return incoming.event is not None and incoming.event.time < now - KEEP

    async def ask(self, desk: Desk, incoming: Incoming) -> Reject | None:
        """Let the rule decide; answers its refusal. Raises Halted where a bug repeats on topics of our own."""
        registered = self.rule(incoming)
        if registered is None or incoming.event is None:
            return None
        cause = cause_of(incoming)
        with on_behalf_of(cause):
            try:
                _audit(desk, cause, await desk.ask(registered, incoming.event, cause))
            except Reject as reject:
                return reject
            except (Conflict, Transient, PyMongoError):
                raise
            except Exception as bug:  # noqa: BLE001 - whatever a rule raises undeclared is a bug of ours
                return self._bug(incoming, bug)
        return None

    async def tell(self, desk: Desk, incoming: Incoming, aside: FactSetAside) -> None:
        """Let the service act on it, if it has a rule. A bug there keeps no fact from its quarantine."""
        registered = self.rules.commands.get(FactSetAside)
        if registered is None:
            return
        cause = cause_of(incoming)
        with on_behalf_of(cause):
            try:
                _audit(desk, cause, await desk.ask(registered, aside, cause))
            except (Conflict, Transient, PyMongoError):
                raise
            except Exception as bug:  # noqa: BLE001 - whatever a rule raises here is a bug of ours
                log.error("set_aside_failed", bug=signature(bug))

    def _bug(self, incoming: Incoming, bug: Exception) -> Reject:
        where = signature(bug)
        log.error("handler_failed", bug=where, type=incoming.event.data.type if incoming.event else None)
        if self.partner(incoming):  # which chooses its keys: its facts stop nothing, and do not add to ours
            return Reject(HANDLER_FAILED)
        if self.bugs.repeats(where, incoming.record.key or ""):
            raise Halted(incoming.record.partition, where) from bug
        return Reject(HANDLER_FAILED)


def cause_of(incoming: Incoming) -> Cause:
    """An event as the cause of what follows."""
    event = incoming.event
    assert event is not None  # noqa: S101 - asked about events only
    return Cause(
        action=event.data.type,
        id=event.id,
        correlation_id=event.correlation_id,
        traceparent=event.traceparent,
        channel=incoming.record.partition.topic,
    )


def about(incoming: Incoming) -> dict[str, Any]:
    """An event as a log line names it: where it lies, and what it belongs to. Never its key or its own id."""
    topic, partition = incoming.record.partition
    place = {"topic": topic, "partition": partition, "offset": incoming.record.offset}
    event = incoming.event
    return place if event is None else {**place, "type": event.data.type, **joined_by(cause_of(incoming))}


def _audit(desk: Desk, cause: Cause, work: Work) -> None:
    if work.changed:
        desk.audit(cause, target=target_of(work), about=work.changed.values())
