"""Numbers and links. Every entry stands in the chain of its service, and in those of its cases, persons and actor.

The hash of a link covers the link before it, so that nothing can be changed, taken out, put in or swapped without
changing every hash after it; the service's own link covers the entry's other links too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.security.audit.canonical import content_of, sha256

ZERO = "0" * 64
"""What the first link of a chain is linked to."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain."""

    seq: int = 0
    hash: str = ZERO


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry with its place, as it is stored in its field `chain`."""

    id: str
    place: Mapping[str, Any]


def service_chain(service: str) -> str:
    """The name of the chain in which all entries of a service stand."""
    return f"service|{service}"


def chains_of_row(row: Row) -> list[str]:
    """The chains beside the service's: the actor's, and those of the cases and persons that it concerns."""
    actor = row.get("actor")
    return [*([f"actor|{actor['person']}"] if actor else []), *dict.fromkeys(row.get("chains") or ())]


def chains_of_rows(service: str, rows: Iterable[Row]) -> list[str]:
    """All chains that these entries are about to lengthen."""
    return list(dict.fromkeys([service_chain(service), *(name for row in rows for name in chains_of_row(row))]))


def place(service: str, rows: Sequence[Row], heads: dict[str, Head]) -> list[Placed]:
    """Number and link these entries in their order; `heads` is brought up to date."""
    return [Placed(str(row["_id"]), _place(service, row, heads)) for row in rows]


def _place(service: str, row: Row, heads: dict[str, Head]) -> dict[str, Any]:
    content = sha256(content_of(row))
    links = [{"chain": name, **_link(name, content, heads)} for name in chains_of_row(row)]
    return {**_link(service_chain(service), content, heads, links), "links": links}


def _link(chain: str, content: str, heads: dict[str, Head], links: Sequence[Any] = ()) -> dict[str, Any]:
    before = heads.get(chain, Head())
    seq, prev = before.seq + 1, before.hash
    hash_ = sha256({"chain": chain, "seq": seq, "prev": prev, "content": content, "links": list(links)})
    heads[chain] = Head(seq, hash_)
    return {"seq": seq, "prev": prev, "hash": hash_}
