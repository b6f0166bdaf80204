"""Reading what is sealed, and what happened."""

from typing import Any

from services.intake.domain.screening import ScreeningRound
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Vault
from services.intake.parts import Parts
from services.intake.sealing import NOTHING, Opened

CASE_FACTS = ("CASE_DRAFTED", "CASE_OPENED", "MANAGER_CHANGED")


async def identity_of(parts: Parts, owner: str) -> Opened:
    """The owner's C3 document; empty where there is none, which is ordinary: people may stay anonymous."""
    vault: Vault | None = await parts.reader.find_one(Vault, {"_id": owner})
    if vault is None or vault.sealed.c3 is None:
        return NOTHING
    return await parts.crypto.decrypt_document(owner, vault.sealed.c3)


async def answers_of(parts: Parts, done: ScreeningRound) -> Opened:
    """A round's answers."""
    return await parts.crypto.decrypt_document(done.subject_ref, done.sealed)


async def timeline_of(parts: Parts, subject: Subject, *, with_case: bool) -> list[dict[str, Any]]:
    """What happened to a person, in the world's order; that there is a case shows only to those who work on it."""
    lines = await parts.reader.timeline([(Subject, subject.id)])
    return [line for line in lines if with_case or line["code"] not in CASE_FACTS]
