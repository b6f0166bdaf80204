"""Questions to the audit: only a member with the role for it may ask, and each question is an entry itself."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from deploy.errors import OperatorError
from deploy.services import ServiceName

if TYPE_CHECKING:
    from shared.mongo.audit_trail import AuditTrail

T = TypeVar("T")

MAY_ASK = frozenset({"DPO", "AUDITOR"})
"""Data protection officer (UU 27/2022 Art 53) and auditor."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks what about whom; `ref` is a reference of a case, person, thing or member of staff."""

    by: str
    action: str
    ref: str | None = None


def ask_audit(service: ServiceName, question: Question, answer: "Callable[[AuditTrail, datetime], Awaitable[T]]") -> T:
    """The answer, once the question's own entry is durable. Raises OperatorError where the member may not ask."""
    from pymongo.errors import PyMongoError

    from shared.kernel.command import Unavailable

    try:
        return asyncio.run(_ask(service, question, answer))
    except (PyMongoError, Unavailable) as error:
        raise OperatorError(f"{service}: the database does not answer ({type(error).__name__})") from error


async def _ask(service: ServiceName, question: Question, answer: "Callable[[AuditTrail, datetime], Awaitable[T]]") -> T:
    from deploy.services import database_of, place_of
    from shared.mongo.audit_trail import AuditTrail
    from shared.service.runtime import domain_clock

    now = domain_clock(place_of(service))()
    async with database_of(service) as mongo:
        if not await _enter(mongo, question, now):
            raise OperatorError(f"{service}: {question.by} is not known as {' or '.join(sorted(MAY_ASK))}")
        return await answer(AuditTrail(service, mongo), now)


async def _enter(mongo: Any, question: Question, now: datetime) -> bool:
    """Leave the question's entry; answers whether it may be asked."""
    from shared.kernel.audit import AuditRow
    from shared.kernel.ids import new_id
    from shared.mongo.reader import AuditLog, MongoReader
    from shared.security.staff import StaffDirectory

    actor = await StaffDirectory(MongoReader(mongo)).actor(question.by, now)
    role = min(actor.roles & MAY_ASK, default=None) if actor else None
    row = AuditRow(
        at=now,
        action=question.action,
        outcome="OK" if role else "FORBIDDEN",
        actor=actor,
        channel="operator",
        decision="PERMIT" if role else "DENY",
        role=role,
        target_kind="Audit",
        target_ref=question.ref,
        correlation_id=new_id(),
    )
    await AuditLog(mongo).record(row)
    return role is not None
