"""Looking for somebody by NIK or name among the people of one's own caseload, and nowhere else.

The caseload is read first, and only its vaults are looked at: that somebody else's number or name is here too has no
part in what is done, and so in neither answer nor time.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from services.intake.domain.names import is_called
from services.intake.domain.subject import Subject
from services.intake.domain.vault import Vault
from services.intake.parts import Parts
from services.intake.sealing import NOTHING, Opened, open_document
from shared.http.call import Call
from shared.http.sight import Found, Seen
from shared.kernel.errors import Reject
from shared.security.policy.classes import DataClass
from shared.security.vaulted import Vaulted

AT_ONCE = 50
MOST = 1000
"""More people than anybody works with; the answer says where somebody does."""
OPEN = {"erased_at": None, "restrictions.0": {"$exists": False}}
"""With whose data something may be done."""


async def search(call: Call, nik: Vaulted[str] | None, name: Vaulted[str] | None) -> Found[Subject]:
    """The people of the caller's caseload with this NIK, or with this name; newest first."""
    found: list[Seen[Subject]] = []
    looked_at = 0
    async for page in _caseload(call):
        refs = [seen.aggregate.id for seen in page]
        hits = await (_numbered(call.parts, refs, nik) if nik is not None else _called(call.parts, refs, name))
        found += [seen for seen in page if seen.aggregate.id in hits]
        looked_at += len(page)
    return Found(found, complete=looked_at < MOST)


async def _caseload(call: Call) -> AsyncIterator[list[Seen[Subject]]]:
    """Whose identity the caller may know by this permission, page by page."""
    last: dict[str, object] = {}
    for _ in range(MOST // AT_ONCE):
        page = await call.seen(
            Subject, OPEN | last, sort=[("_id", -1)], limit=AT_ONCE, showing=frozenset({DataClass.C3})
        )
        if page:
            yield page
        if len(page) < AT_ONCE:
            return
        last = {"_id": {"$lt": page[-1].aggregate.id}}


async def _numbered(parts: Parts, refs: Sequence[str], nik: Vaulted[str]) -> set[str]:
    """By keyed hash, under every version of the key."""
    hashes = list(parts.index.any_of("nik", nik.reveal()))
    query = {"_id": {"$in": list(refs)}, "sealed.nik_index": {"$in": hashes}}
    return {vault.id for vault in await _vaults(parts, query)}


async def _called(parts: Parts, refs: Sequence[str], name: Vaulted[str] | None) -> set[str]:
    """By opening each: nothing that is stored tells a name, or how many have the same one."""
    vaults = await _vaults(parts, {"_id": {"$in": list(refs)}})
    opened = await asyncio.gather(*(_identity(parts, vault) for vault in vaults))
    wanted = name.reveal() if name is not None else ""
    return {vault.id for vault, identity in zip(vaults, opened, strict=True) if is_called(wanted, _names(identity))}


async def _vaults(parts: Parts, query: dict[str, object]) -> list[Vault]:
    vaults: list[Vault] = await parts.reader.find(Vault, query, sort=[("_id", 1)], limit=AT_ONCE)
    return vaults


async def _identity(parts: Parts, vault: Vault) -> Opened:
    try:
        return await open_document(parts, vault.id, vault.sealed.c3)
    except Reject:
        return NOTHING  # its key was destroyed a moment ago


def _names(identity: Opened) -> list[str]:
    said = identity.reveal()
    return [name for name in (said.get("full_name"), *(said.get("aliases") or ())) if name]
