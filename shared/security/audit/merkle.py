"""The root of a Merkle tree over entries' hashes, built as RFC 9162 section 2.1 does: with it, whoever holds a signed
checkpoint can be shown that one entry is under it, without seeing the others."""

import hashlib
from collections.abc import Sequence


def root_of(hashes: Sequence[str]) -> str:
    """The tree's root in hex; of no entries, the hash of nothing."""
    return (_root([_sha(b"\x00" + bytes.fromhex(leaf)) for leaf in hashes]) if hashes else _sha(b"")).hex()


def _root(nodes: list[bytes]) -> bytes:
    """Level by level: pairs are joined, and what is left over goes up as it is."""
    while len(nodes) > 1:
        pairs = [_sha(b"\x01" + nodes[i] + nodes[i + 1]) for i in range(0, len(nodes) - 1, 2)]
        nodes = pairs + ([nodes[-1]] if len(nodes) % 2 else [])
    return nodes[0]


def _sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
