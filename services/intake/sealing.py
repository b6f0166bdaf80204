"""From what an officer typed to what a command carries: references, codes and ciphertexts.

Keys and ciphertexts are made here, before the transaction, so that a repetition of it finds them made.
"""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.intake.domain.age import AgeBasis, AgeClaim, age_on
from services.intake.domain.nik import Nik, parse_nik
from services.intake.domain.vault import Sealed
from services.intake.parts import Parts
from shared.kernel.clock import WITA
from shared.kernel.errors import Kind, Reject
from shared.mongo.fieldcrypto import KeyDestroyed, KeyMissing
from shared.reference.regions import kabupaten_of
from shared.security.vaulted import Vaulted

Opened = Vaulted[dict[str, Any]]
"""A sealed document, opened."""

NOTHING: Opened = Vaulted({})


class Typed(BaseModel):
    """Who somebody is and what was noticed about them; lives for one request alone."""

    model_config = ConfigDict(frozen=True)

    identity: Opened = NOTHING
    sensitive: Opened = NOTHING


async def seal(parts: Parts, owner: str, typed: Typed) -> Sealed:
    """The vault's documents of one owner; a class about which nothing was said has none."""
    return await reseal(parts, owner, typed.identity, c4=await _document(parts, owner, typed.sensitive))


async def reseal(parts: Parts, owner: str, identity: Opened, *, c4: bytes | None) -> Sealed:
    """The vault's documents with this identity, and its hashes."""
    return Sealed(c3=await _document(parts, owner, identity), c4=c4, **hashes_of(parts, identity))


async def seal_document(parts: Parts, owner: str, opened: Opened) -> bytes:
    """One document under the owner's key; raises Reject where that was destroyed."""
    try:
        return await parts.crypto.encrypt_document(owner, opened.reveal())
    except KeyDestroyed:
        raise Reject("ERASED", Kind.CONFLICT) from None


async def open_document(parts: Parts, owner: str, sealed: bytes | None) -> Opened:
    """What it says; nothing where there is none. Raises Reject where its key was destroyed."""
    try:
        return await parts.crypto.decrypt_document(owner, sealed) if sealed else NOTHING
    except KeyMissing:
        raise Reject("ERASED", Kind.CONFLICT) from None


def hashes_of(parts: Parts, identity: Opened) -> dict[str, Any]:
    """By what an owner is looked up; with the version of the key, so that a rotation finds what has not moved on."""
    said = identity.reveal()
    nik, phones = said.get("nik"), said.get("phones") or ()
    return {
        "nik_index": parts.index.of("nik", nik) if nik else None,
        "phone_indexes": tuple(parts.index.of("phone", phone) for phone in phones),
        "index_version": parts.index.version if nik or phones else None,
    }


async def _document(parts: Parts, owner: str, opened: Opened) -> bytes | None:
    present = {name: value for name, value in opened.reveal().items() if value not in (None, (), [], "")}
    return await seal_document(parts, owner, Vaulted(present)) if present else None


def with_number_read(identity: Opened, occurred_at: datetime) -> Opened:
    """The identity with what its NIK says about itself as of that day."""
    said = identity.reveal()
    nik = nik_on(said.get("nik"), occurred_at)
    return Vaulted(said | {"nik_status": nik.status if nik else None})


def nik_on(number: str | None, occurred_at: datetime) -> Nik | None:
    """What the number says as of that day in WITA."""
    return parse_nik(number, local_day(occurred_at)) if number else None


def claim_of(
    years: int | None, basis: AgeBasis | None, born: date | None, nik: Nik | None, *, doubted: bool, on: datetime
) -> AgeClaim:
    """The age as claimed: a date of birth goes before a number of years; the NIK is heard beside it."""
    day = local_day(on)
    by_nik = age_on(date.fromisoformat(nik.born), day) if nik and nik.born else None
    claimed = age_on(born, day) if born and born <= day else years
    return AgeClaim(years=claimed, basis=basis, doubted=doubted, by_nik=by_nik)


def local_day(moment: datetime) -> date:
    """The day on which it was, in Central Indonesian time."""
    return moment.astimezone(WITA).date()


def home_of(kabupaten: str | None, village: str | None) -> str | None:
    """Where somebody comes from, as it may be known outside the vault."""
    return kabupaten_of(village) if village else kabupaten
