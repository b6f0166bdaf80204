"""The vault: identity and sensitive facts, encrypted before they get here, one blob per class of sensitivity."""

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import Reject


class Sealed(BaseModel):
    """Ciphertexts under the owner's own key, and keyed hashes for exact look-ups.

    `c3` is identity (name, aliases, NIK, phones, village), `c4` sensitive facts. The hashes are stored for a search
    for duplicates; they are never compared in the face of whoever types a number. `index_version` is the version of
    the key that made them.
    """

    model_config = ConfigDict(frozen=True)

    c3: bytes | None = None
    c4: bytes | None = None
    nik_index: bytes | None = None
    phone_indexes: tuple[bytes, ...] = ()
    index_version: str | None = None


class Vault(Aggregate):
    """One owner's sealed documents; `id` is the reference of the person (or of the stop) that they are about."""

    collection: ClassVar[str] = "vault"
    has_timeline: ClassVar[bool] = False

    sealed: Sealed
    erased_at: datetime | None = None
    """The tombstone: whoever writes here loads it first, and two who write at once exclude each other."""

    def resealed(self, sealed: Sealed) -> "Vault":
        """With other content; raises Reject where the owner was erased."""
        if self.erased_at is not None:
            raise Reject("ERASED")
        return self.evolve(sealed=sealed)

    def emptied(self, at: datetime) -> "Vault":
        """The tombstone: neither ciphertexts nor hashes."""
        return self.evolve(sealed=Sealed(), erased_at=at)


def opened_for(owner: str, existing: Vault | None, sealed: Sealed) -> Vault:
    """The owner's vault with this content; raises Reject where they were erased."""
    return (existing or Vault(id=owner, sealed=Sealed())).resealed(sealed)


class Erasure(Aggregate):
    """A key that has to die: decided here in a transaction, done by the clock process. `id` is the key's owner."""

    collection: ClassVar[str] = "erasures"
    has_timeline: ClassVar[bool] = False

    reason: str
    decided_at: datetime
    done_at: datetime | None = None
