"""One line of the audit: who did or read what, and with what outcome. References and codes only."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field, field_serializer

from shared.kernel.aggregate import Aggregate, Entry
from shared.kernel.context import Actor
from shared.kernel.ids import new_id


class AuditRow(Entry):
    """Written once, in the transaction of what it tells of; a read's row is durable before the read is answered.

    `outcome` is `OK`, or the code of the refusal. `actor` is None where a topic or a timer acted; then nobody decided
    about access, and `decision` is None too. `role`, `purpose`, `policies` and `classes` are the decision's grounds.
    """

    collection: ClassVar[str] = "audit"

    id: str = Field(default_factory=new_id)
    at: datetime
    action: str
    outcome: str = "OK"
    actor: Actor | None = None
    channel: str = "http"
    decision: str | None = None
    role: str | None = None
    purpose: str | None = None
    policies: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    target_kind: str | None = None
    target_ref: str | None = None
    shown_refs: tuple[str, ...] = ()
    """Everything that the answer shows: each line of a list, and the cases and persons that those are about."""
    foreign_refs: tuple[str, ...] = ()
    """Those of the shown things that are another office's."""
    chains: tuple[str, ...] = ()
    """The cases and persons in whose chains it stands (`case|<ref>`, `subject|<ref>`)."""
    cause_id: str | None = None
    correlation_id: str
    traceparent: str | None = None
    chain: None = None
    """Its place in the chains, which the sequencer gives it within a second; no part of what is hashed."""

    @field_serializer("actor")
    def _plain(self, actor: Actor | None) -> dict[str, Any] | None:
        if actor is None:
            return None
        return {"person": actor.person, "agency": actor.agency, "unit": actor.unit, "roles": sorted(actor.roles)}


def chains_of(things: Iterable[Aggregate]) -> tuple[str, ...]:
    """The chains of all these, each once."""
    return tuple(dict.fromkeys(name for thing in things for name in thing.concerns()))


def refs_of(things: Iterable[Aggregate]) -> tuple[str, ...]:
    """These, and the cases and persons that they are about, by reference, each once."""
    return tuple(dict.fromkeys(ref for thing in things for ref in (thing.id, *_about(thing))))


def foreign_refs(things: Iterable[Aggregate], actor: Actor | None) -> tuple[str, ...]:
    """Those that are another office's than the actor's."""
    office = actor.agency if actor else None
    return tuple(thing.id for thing in things if thing.owners() and office not in thing.owners())


def _about(thing: Aggregate) -> tuple[str, ...]:
    return tuple(name.partition("|")[2] for name in thing.concerns())
