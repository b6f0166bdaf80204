"""One audit row for each call, whatever becomes of it, and durable before anything is answered."""

import re

from shared.http.context import RequestContext
from shared.http.ports import AuditLog
from shared.http.specs import RouteSpec
from shared.kernel.aggregate import Aggregate
from shared.kernel.audit import AuditRow, chains_of, foreign_refs, refs_of
from shared.kernel.clock import Clock
from shared.kernel.context import Actor, Grounds

_REF = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")
"""What can only be one of our references. Anything else in a path is the caller's own text, a NIK, a phone number,
a name, until it turns out to be the id of something that this caller may see."""


class Ledger:
    """Writes one row at most. What the bus decides, yes or no, it writes itself, in the command's transaction."""

    def __init__(self, log: AuditLog, clock: Clock, spec: RouteSpec, context: RequestContext, ref: str | None) -> None:
        self._log = log
        self._clock = clock
        self._spec = spec
        self._context = context
        self._ref = ref if ref and _REF.fullmatch(ref) else None
        self._written = False
        self._chains: tuple[str, ...] = ()
        self._shown: tuple[Aggregate, ...] = ()
        self.actor: Actor | None = None
        self.grounds = Grounds(decision="DENY")
        """Until somebody permits it, a call is denied."""

    def concerns(self, target: Aggregate | None) -> None:
        """What the call is about was found: then what stood in the path is its id, whatever it looks like."""
        if target is not None:
            self._ref = target.id
        self._chains = chains_of((target,) if target else ())

    def shows(self, *shown: Aggregate) -> None:
        """What the answer is going to show; a list names each of its lines."""
        self._shown = shown

    def written_by_the_bus(self) -> None:
        """The command is decided, and its row is saved."""
        self._written = True

    async def write(self, outcome: str) -> None:
        """Leave the row, unless there is one."""
        if not self._written:
            await self._log.record(self._row(outcome))
            self._written = True

    def _row(self, outcome: str) -> AuditRow:
        kind = self._spec.audit_kind
        return AuditRow(
            at=self._clock(),
            action=self._spec.audit,
            outcome=outcome,
            actor=self.actor,
            decision=self.grounds.decision,
            role=self.grounds.role,
            purpose=self.grounds.purpose,
            policies=self.grounds.policies,
            classes=self.grounds.classes,
            target_kind=kind.__name__ if kind else None,
            target_ref=self._ref,
            shown_refs=refs_of(self._shown),
            foreign_refs=foreign_refs(self._shown, self.actor),
            chains=self._chains,
            cause_id=self._context.request_id,
            correlation_id=self._context.correlation_id,
            traceparent=str(self._context.trace),
        )
