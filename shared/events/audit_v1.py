"""The audit about itself: what was sealed. Key: the service whose chain it is."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.envelope import EventData

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Entry = Annotated[int, Field(ge=0, le=2**53)]
At = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$")]


class CheckpointSigned(EventData):
    """A signed checkpoint of one service's audit; everything but `occurred_at` is what `docs/audit-format.md` says."""

    type = "id.pulang.audit.checkpoint.signed.v1"
    topics = ("audit-checkpoints",)

    format: Literal["pulang-audit-checkpoint-1"]
    service: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    number: Entry
    kind: Literal["CHECKPOINT", "ROTATION", "PRUNED"]
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
