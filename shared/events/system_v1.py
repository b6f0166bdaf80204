"""The platform about itself."""

from typing import Annotated

from pydantic import Field

from shared.events.envelope import Code, EventData, Id


class MessageRefused(EventData):
    """A message could not be read or must not be applied. Reason and place only; its bytes wait in quarantine."""

    type = "id.pulang.system.message.refused.v1"
    topics = ("dead-letters",)

    consumer: Id
    topic: Id
    partition: Annotated[int, Field(ge=0, lt=2**31)]
    offset: Annotated[int, Field(ge=0, lt=2**63)]
    reason: Code
    reference: Id
    """The id under which operators find the envelope."""
