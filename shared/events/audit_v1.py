"""The audit about itself: what was sealed (key: the service), and what gives reason to look (key: the person)."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.envelope import Code, Count, EventData, Id
from shared.events.intake_v1 import AgencyRef

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Entry = Annotated[int, Field(ge=0, le=2**53)]
Service = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
At = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$")]


class CheckpointSigned(EventData):
    """A signed checkpoint of one service's audit; everything but `occurred_at` is what `docs/audit-format.md` says."""

    type = "id.pulang.audit.checkpoint.signed.v1"
    topics = ("audit-checkpoints",)

    format: Literal["pulang-audit-checkpoint-1"]
    service: Service
    number: Entry
    kind: Literal["CHECKPOINT", "ROTATION", "PRUNED", "RESTORED"]
    first: Entry
    last: Entry
    root: Hash
    head: Hash
    previous: Hash
    at: At
    key: Hash
    next_key: Hash | None = None
    pruned_through: Entry | None = None
    pruned_head: Hash | None = None
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class SecurityRaised(EventData):
    """What a member of staff read is a reason to look. Says who and which rule, never what they read."""

    type = "id.pulang.audit.security.raised.v1"
    topics = ("audit-events",)

    alarm_ref: Id
    rule: Code
    service: Service
    person: Id
    agency: AgencyRef
    tell: AgencyRef
    """The office of the data protection officer."""
    count: Count
    window_s: Count
