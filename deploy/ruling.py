"""How the operator's commands decide about parked events: in a transaction on the service's database, without keys."""

import re
from enum import StrEnum
from typing import Any

from deploy.errors import Misuse, OperatorError
from deploy.services import ServiceName, asking

_REFERENCE = re.compile(r"[A-Z]{1,6}-[0-9]{1,10}")


class GivenUp(StrEnum):
    """Why an event is given up."""

    OBSOLETE = "OBSOLETE"
    """Later events, or people, have brought about what it was for."""
    CORRECTED = "CORRECTED"
    """Its producer has published the right one under another id."""
    NEVER_VALID = "NEVER_VALID"
    """It should not have been published."""


def cause_of(action: str, by: str) -> Any:
    """Who decides, as the audit has it. Raises Misuse where it is no reference: no name goes there."""
    from shared.kernel.context import Actor, Cause
    from shared.kernel.ids import new_id

    if not _REFERENCE.fullmatch(by):
        raise Misuse("--by takes a person's reference, such as O-20")
    id_ = new_id()
    return Cause(action, id_, id_, actor=Actor(by, "OPERATOR", frozenset()), channel="operator")


def rule(service: ServiceName, batch: Any) -> None:
    """Carry it out. Raises OperatorError where nothing is parked there, or where the database cannot."""
    from shared.kernel.clock import system_clock
    from shared.mongo.outbox_writer import OutboxWriter
    from shared.mongo.transaction import Transient
    from shared.mongo.unit_of_work import UnitOfWork
    from shared.observability.metrics import Metrics

    try:
        asking(service, lambda mongo: UnitOfWork(mongo, system_clock, OutboxWriter(service), Metrics()).run(batch))
    except Transient as error:
        raise OperatorError(f"{service}: the database does not answer ({error})") from error
    if batch.head is None:
        raise OperatorError(f"{service}: nothing is parked as {batch.head_id}")
