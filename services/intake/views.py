"""Reading what is sealed, and what happened."""

from collections.abc import Mapping
from typing import Any, Literal

from services.intake.domain.screening import ScreeningRound
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Vault
from services.intake.parts import Parts
from services.intake.sealing import Opened, open_document

MOST = 50

CASE_FACTS = ("CASE_DRAFTED", "CASE_OPENED", "MANAGER_CHANGED")


async def identity_of(parts: Parts, owner: str) -> Opened:
    """The owner's C3 document; empty where there is none, which is ordinary: people may stay anonymous."""
    vault: Vault | None = await parts.reader.find_one(Vault, {"_id": owner})
    return await open_document(parts, owner, vault.sealed.c3 if vault else None)


async def answers_of(parts: Parts, done: ScreeningRound) -> Opened:
    """A round's answers."""
    return await open_document(parts, done.subject_ref, done.sealed)


async def found_by(parts: Parts, purpose: Literal["nik", "phone"], value: str) -> tuple[str, ...]:
    """Whose vault holds this number, by reference. During a rotation of the index key both hashes count.

    Never shown to whoever typed the number: it may be somebody's whom they must not know to be here.
    """
    name = "sealed.nik_index" if purpose == "nik" else "sealed.phone_indexes"
    hashes = list(parts.index.any_of(purpose, value))
    vaults: list[Vault] = await parts.reader.find(Vault, {name: {"$in": hashes}}, sort=[("_id", 1)], limit=MOST)
    return tuple(vault.id for vault in vaults)


async def timeline_of(
    parts: Parts, subject: Subject, beyond: Mapping[str, Any], *, with_case: bool, limit: int
) -> list[dict[str, Any]]:
    """What happened to a person, in the world's order; that there is a case shows only to those who work on it."""
    shown = {} if with_case else {"code": {"$nin": list(CASE_FACTS)}}
    return await parts.reader.timeline([(Subject, subject.id)], {"$and": [shown, dict(beyond)]}, limit=limit)
