"""Signed checkpoints: what the chain was at a moment, in the signature of a key that the database does not hold."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from shared.security.audit.canonical import canonical, moment, sha256
from shared.security.audit.chain import ZERO, Head
from shared.security.audit.merkle import root_of
from shared.security.audit.signing import Signer

FORMAT = "pulang-audit-checkpoint-1"


class CheckpointKind(StrEnum):
    """CHECKPOINT covers entries; ROTATION hands over to the next key; PRUNED says which prefix has expired; RESTORED
    says that a back-up was restored, and after which entry the service goes on."""

    CHECKPOINT = "CHECKPOINT"
    ROTATION = "ROTATION"
    PRUNED = "PRUNED"
    RESTORED = "RESTORED"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Covers the entries `first` to `last` of a service's chain (none where `last` is before `first`).

    `root` is the Merkle root of their hashes, `head` the hash of entry `last`, `previous` the hash of the checkpoint
    before, `key` the public key of the signature. All hashes and keys are hex.
    """

    service: str
    number: int
    kind: str
    first: int
    last: int
    root: str
    head: str
    previous: str
    at: str
    key: str
    next_key: str | None = None
    """With ROTATION: the key that signs from the next number on."""
    pruned_through: int | None = None
    pruned_head: str | None = None
    """With PRUNED: the last entry that expired, and its hash."""
    signature: str = ""

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Self:
        """As it was stored."""
        return cls(**{name: value for name, value in stored.items() if name not in ("_id", "format")})

    def plain(self) -> dict[str, Any]:
        """As it is stored, published and exported."""
        return {"format": FORMAT, **asdict(self)}

    @property
    def body(self) -> dict[str, Any]:
        """What is signed: everything but the signature."""
        return {name: value for name, value in self.plain().items() if name != "signature"}

    @property
    def hash(self) -> str:
        """What the next checkpoint names as `previous`."""
        return sha256(self.body)

    @property
    def signing_key(self) -> str:
        """The public key that the next checkpoint must be signed with."""
        return self.next_key or self.key

    def signed(self, signer: Signer) -> Self:
        """With this key and its signature."""
        unsigned = replace(self, key=signer.public)
        return replace(unsigned, signature=signer.sign(canonical(unsigned.body)))


def following(
    before: Checkpoint | None,
    service: str,
    at: datetime,
    signer: Signer,
    hashes: Sequence[str] = (),
    kind: CheckpointKind = CheckpointKind.CHECKPOINT,
    **more: Any,
) -> Checkpoint:
    """The next checkpoint: over the entries with these hashes, or over none for the other kinds."""
    last = before.last if before else 0
    unsigned = Checkpoint(
        service=service,
        number=before.number + 1 if before else 1,
        kind=kind.value,
        first=last + 1,
        last=last + len(hashes),
        root=root_of(hashes),
        head=hashes[-1] if hashes else before.head if before else ZERO,
        previous=before.hash if before else ZERO,
        at=moment(at),
        key="",
        **more,
    )
    return unsigned.signed(signer)


def restored(newest: Checkpoint, kept: Checkpoint | None, at: datetime, signer: Signer) -> Checkpoint:
    """The next checkpoint after `newest`: the service goes on after `kept`, the last that the restored back-up has.

    It covers nothing. What `newest` and those before it cover beyond `kept` is lost, and they stay to say so.
    """
    end = head_of(kept)
    unsigned = Checkpoint(
        service=newest.service,
        number=newest.number + 1,
        kind=CheckpointKind.RESTORED.value,
        first=end.seq + 1,
        last=end.seq,
        root=root_of([]),
        head=end.hash,
        previous=newest.hash,
        at=moment(at),
        key="",
    )
    return unsigned.signed(signer)


def head_of(checkpoint: Checkpoint | None) -> Head:
    """Up to where entries are sealed."""
    return Head(checkpoint.last, checkpoint.head) if checkpoint else Head()
