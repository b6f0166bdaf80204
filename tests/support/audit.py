"""An audit on a real database: entries put in as services do, numbered and sealed by the product, verified by the
stand-alone script."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from deploy.tools.verify_audit import Verification
from shared.kernel.audit import AuditRow
from shared.kernel.clock import system_clock
from shared.kernel.context import Actor
from shared.kernel.ids import new_id
from shared.mongo.audit_chain import AuditChain
from shared.mongo.audit_checkpoints import CheckpointStore
from shared.mongo.audit_trail import AuditTrail
from shared.mongo.client import Mongo
from shared.mongo.documents import to_document
from shared.mongo.outbox_writer import OutboxWriter
from shared.security.audit.checkpoint import Checkpoint
from shared.security.audit.signing import Signer

SIGNER, NEXT = Signer.sample("first"), Signer.sample("second")


def entry(number: int = 0, **more: Any) -> AuditRow:
    """An entry; by its number it is of one of a few people and cases."""
    usual: dict[str, Any] = {
        "at": system_clock(),
        "action": "CASE_READ",
        "actor": Actor(f"O-{number % 3}", "UPTD_PPA-53.71", frozenset({"CASE_MANAGER"})) if number % 4 else None,
        "decision": "PERMIT",
        "chains": (f"case|c-{number % 5}", f"subject|s-{number % 7}"),
        "shown_refs": (f"c-{number % 5}",),
        "correlation_id": new_id(),
    }
    return AuditRow(**usual | more)


@dataclass
class Audit:
    """One service's audit."""

    mongo: Mongo
    service: str = "cases"
    now: datetime = field(default_factory=system_clock)
    copies: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chain = AuditChain(self.service, self.mongo, OutboxWriter(self.service), lambda: self.now)
        self.store = CheckpointStore(self.mongo)

    async def add(self, rows: Iterable[AuditRow]) -> None:
        """Insert entries as a transaction does."""
        await self.mongo.collection("audit").insert_many([to_document(row) for row in rows])

    async def seal(self, signer: Signer = SIGNER, old: Signer | None = None) -> Checkpoint | None:
        """Number and seal what there is, and copy the checkpoint."""
        while await self.chain.number():
            pass
        made = await self.chain.seal(signer, old)
        if made:
            self.copies.append(made.plain())
        return made

    async def grow(self, entries: int, every: int = 10) -> None:
        """So many entries, a checkpoint after every so many."""
        for start in range(0, entries, every):
            await self.add(entry(number) for number in range(start, min(start + every, entries)))
            await self.seal()

    async def lines(self) -> list[dict[str, Any]]:
        """The export."""
        return [line async for line in AuditTrail(self.service, self.mongo).export(self.now + timedelta(seconds=1))]

    async def verify(self, *, copies: bool = True, trusted: Sequence[str] = ()) -> dict[str, Any]:
        """What the stand-alone verifier says."""
        return report(await self.lines(), self.copies if copies else (), trusted)


def report(
    lines: Sequence[Mapping[str, Any]], copies: Iterable[dict[str, Any]] = (), trusted: Sequence[str] = ()
) -> dict[str, Any]:
    """The verifier's report on these lines."""
    verification = Verification(dict(lines[0]), copies, trusted)
    for line in lines[1:]:
        verification.take(dict(line))
    return verification.report()
