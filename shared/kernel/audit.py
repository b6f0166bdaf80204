"""One line of the audit: who did or read what, and with what outcome. References and codes only."""

from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field, field_serializer

from shared.kernel.aggregate import Entry
from shared.kernel.context import Actor
from shared.kernel.ids import new_id


class AuditRow(Entry):
    """Written once, in the transaction of what it tells of; a read's row is durable before the read is answered.

    `outcome` is `OK`, or the code of the refusal. `actor` is None where a topic or a timer acted.
    """

    collection: ClassVar[str] = "audit"

    id: str = Field(default_factory=new_id)
    at: datetime
    action: str
    outcome: str = "OK"
    actor: Actor | None = None
    channel: str = "http"
    target_kind: str | None = None
    target_ref: str | None = None
    cause_id: str | None = None
    correlation_id: str
    traceparent: str | None = None

    @field_serializer("actor")
    def _plain(self, actor: Actor | None) -> dict[str, Any] | None:
        if actor is None:
            return None
        return {"person": actor.person, "agency": actor.agency, "unit": actor.unit, "roles": sorted(actor.roles)}
