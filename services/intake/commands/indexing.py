"""Moving the hashes by which people are found to a new key, one owner at a time."""

from pydantic import BaseModel, ConfigDict

from services.intake.domain.vault import Vault
from shared.kernel.rulebook import Rulebook
from shared.kernel.work import Work

commands = Rulebook()


class Reindex(BaseModel):
    """An owner's hashes under the key in use, made from the vault as it was at this version."""

    model_config = ConfigDict(frozen=True)

    owner: str
    vault_version: int
    nik_index: bytes | None
    phone_indexes: tuple[bytes, ...]
    index_version: str | None


@commands.command(Reindex, needs=lambda c: [Vault.ref(c.owner)])
def reindex(command: Reindex, work: Work) -> Vault:
    """Only hashes change; where the vault changed meanwhile, its turn comes again."""
    vault = work.get(Vault, command.owner)
    if vault.version != command.vault_version or vault.erased_at is not None:
        return vault
    hashes = command.model_dump(include={"nik_index", "phone_indexes", "index_version"})
    work.put(vault.evolve(sealed=vault.sealed.model_copy(update=hashes)))
    return work.get(Vault, vault.id)
