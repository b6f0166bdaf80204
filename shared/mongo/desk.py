"""Where a batch's inputs are decided, in turn, over one overlay."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.events.outgoing import Outgoing
from shared.kernel.aggregate import Aggregate, Entry, Ref
from shared.kernel.audit import AuditRow, chains_of, foreign_refs, refs_of
from shared.kernel.context import Cause, Grounds
from shared.kernel.rulebook import Registered
from shared.kernel.work import Emitted, Fact, NotLoaded, Overlay, Work
from shared.mongo.loading import load
from shared.mongo.outbox_writer import OutboxWriter
from shared.mongo.transaction import Transaction
from shared.observability.metrics import Metrics

MAX_LATE_LOADS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A timeline fact with what caused it."""

    fact: Fact
    cause: Cause


@dataclass
class Desk:
    """One attempt's results so far. A rule that refuses leaves nothing here."""

    tx: Transaction
    now: datetime
    metrics: Metrics
    outbox: OutboxWriter
    overlay: Overlay = field(default_factory=Overlay)
    lines: list[Line] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    events: list[Outgoing] = field(default_factory=list)
    withdrawn: set[tuple[str, str]] = field(default_factory=set)
    """Topics and keys of which nothing leaves that was published before."""

    async def ask(self, registered: Registered, body: Any, cause: Cause) -> Work:
        """Let a rule decide on its own layer and keep its decision; raises whatever the rule raises, and what is
        wrong with the events that it emits."""
        for _ in range(MAX_LATE_LOADS):
            work = Work(self.overlay, self.now, cause)
            work.occurred_at = getattr(body, "occurred_at", None) or self.now
            try:
                work.answer = registered.rule(body, work)
            except NotLoaded as missing:
                self.metrics.late_loads.labels(missing.need.kind.__name__).inc()
                await load(self.tx, self.overlay, [missing.need])
                continue
            self._keep(work, cause)
            return work
        raise RuntimeError(f"{registered.rule.__name__} asks for ever more state")

    def audit(
        self,
        cause: Cause,
        outcome: str = "OK",
        target: tuple[str, str] | None = None,
        about: Iterable[Aggregate] = (),
        shown: Sequence[Aggregate] = (),
    ) -> None:
        """Leave one audit row in this transaction; `about` is what it concerns, `shown` what is answered."""
        kind, ref = target or (None, None)
        grounds = cause.grounds or Grounds(decision="")
        self.entries.append(
            AuditRow(
                at=self.now,
                action=cause.action,
                outcome=outcome,
                actor=cause.actor,
                channel=cause.channel,
                decision=grounds.decision or None,
                role=grounds.role,
                purpose=grounds.purpose,
                policies=grounds.policies,
                classes=grounds.classes,
                target_kind=kind,
                target_ref=ref,
                shown_refs=refs_of(shown),
                foreign_refs=foreign_refs(shown, cause.actor),
                chains=chains_of((*about, *shown)),
                cause_id=cause.id,
                correlation_id=cause.correlation_id,
                traceparent=cause.traceparent,
            )
        )

    def loaded(self, ref: Ref | None) -> tuple[Aggregate, ...]:
        """What this attempt knows of it, for the audit of a refusal."""
        slot = self.overlay.slots.get((ref.kind, ref.id)) if ref else None
        return (slot.now,) if slot and slot.now else ()

    def emit(self, emitted: Emitted, cause: Cause) -> None:
        """Publish an event of the runtime's own."""
        self.events.append(self.outbox.encoded(emitted, cause, self.now))

    def _keep(self, work: Work, cause: Cause) -> None:
        events = [self.outbox.encoded(event, cause, self.now) for event in work.events]
        work.settle()
        self.lines += [Line(fact, cause) for fact in work.facts.values()]
        self.entries += work.entries
        if work.withdrawn:
            self.withdrawn |= work.withdrawn
            self.events = [event for event in self.events if (event.topic, event.key) not in work.withdrawn]
        self.events += events


def target_of(work: Work) -> tuple[str, str] | None:
    """The first thing that an input changed, as the audit names it."""
    for kind, id_ in work.changed:
        return kind.__name__, id_
    return None
