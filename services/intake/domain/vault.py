"""The vault: identity and sensitive facts, encrypted before they get here, one blob per class of sensitivity."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.kernel.aggregate import Aggregate


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
