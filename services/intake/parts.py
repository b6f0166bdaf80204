"""What only intake has: the means to seal identity and to open it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from services.intake.ledger import ErasureLedger
from shared.kernel.reader import Reader
from shared.security.vaulted import Vaulted


class DocumentCrypto(Protocol):
    """Encrypts documents under their owner's own key, which it makes at first use."""

    async def encrypt_document(self, owner: str, document: Mapping[str, Any]) -> bytes:
        """The document sealed."""
        ...

    async def decrypt_document(self, owner: str, sealed: bytes) -> Vaulted[dict[str, Any]]:
        """The document opened."""
        ...


class Index(Protocol):
    """Keyed hashes for exact look-ups."""

    @property
    def version(self) -> str:
        """Under which version of the key `of` hashes."""
        ...

    def of(self, purpose: str, value: str) -> bytes:
        """The same hash for the same value, and none that tells the value to whoever lacks the key."""
        ...

    def any_of(self, purpose: str, value: str) -> tuple[bytes, ...]:
        """Its hashes under every version of the key that is known."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """Handed to routes as `call.parts`."""

    crypto: DocumentCrypto
    suspects: DocumentCrypto
    """With keys of its own, for what goes to the suspects' database."""
    index: Index
    reader: Reader
    ledger: ErasureLedger | None = None
