"""Every kind of bad message that a topic may bring, with the reason for which it must be refused."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from tests.support.ledger import OWN, added


@dataclass(frozen=True)
class Poison:
    """One bad message."""

    name: str
    value: bytes | None
    reason: str
    key: bytes | None = b""
    """b"" means the key of its neighbours."""
    headers: tuple[tuple[str, bytes | None], ...] = ()
    own_id: str | None = None
    """Where our own may write it: the event's id. It is read, and the database refuses what comes of it."""


def matrix(key: str, topic: str, canary: str) -> list[Poison]:
    """All of it, for one key of one topic. The canary stands where a partner might put a name."""

    def good() -> bytes:
        return added(key, 1_000_000, id_=f"bad-{uuid.uuid4().hex}", partner=topic != OWN)

    def changed(change: Callable[[dict[str, Any]], None]) -> bytes:
        tree = orjson.loads(good())
        change(tree)
        return orjson.dumps(tree)

    def body(**fields: Any) -> bytes:
        return changed(lambda tree: tree["data"].update(fields))

    def spliced(text: str) -> bytes:
        """The amount replaced by any text at all."""
        return good().replace(b"1000000", text.encode(), 1)

    deep = 100_000
    big = spliced(str(2**63))
    big_id = orjson.loads(big)["id"] if topic == OWN else None
    return [
        Poison("empty", b"", "EMPTY"),
        Poison("null", None, "NULL_VALUE"),
        Poison("not UTF-8", b'{"a":"\xff\xfe' + canary.encode() + b'"}', "NOT_UTF8"),
        Poison("cut off", good()[:-20], "NOT_JSON"),
        Poison("a list", orjson.dumps([canary]), "NOT_AN_OBJECT"),
        Poison("deep", b"[" * deep + b"]" * deep, "TOO_DEEP" if topic == OWN else "TOO_LARGE"),
        Poison("rather deep", b"[" * 20_000 + b"]" * 20_000, "TOO_DEEP"),
        Poison("a name twice", spliced('1,"amount":2'), "DUPLICATE_NAME"),
        Poison("NaN", spliced("NaN"), "NOT_A_NUMBER"),
        Poison("infinity", spliced("-Infinity"), "NOT_A_NUMBER"),
        Poison("5,000 digits", spliced("9" * 5000), "NUMBER_TOO_LONG"),
        Poison("2^63", big, "NUMBER_OUT_OF_RANGE", own_id=big_id),
        Poison("lone surrogate", spliced('"\\ud800"'), "LONE_SURROGATE"),
        Poison("NUL in a text", spliced('"a\\u0000"'), "NUL_CHARACTER"),
        Poison("NUL in a name", spliced('1,"a\\u0000b":2'), "NUL_CHARACTER"),
        Poison("operator", spliced('1,"$where":"1"'), "UNSAFE_NAME"),
        Poison("path", spliced('1,"a.b":1'), "UNSAFE_NAME"),
        Poison("year 1", body(occurred_at="0001-01-01T00:00:00Z"), "DATE_OUT_OF_RANGE"),
        Poison("2 MB", body(account=canary + "x" * 2_000_000), "TOO_LARGE"),
        Poison("field missing", changed(lambda tree: tree["data"].pop("amount")), "MISSING_FIELD"),
        Poison("wrong kind of value", body(amount=canary), "INVALID_FIELD"),
        Poison("no id", changed(lambda tree: tree.pop("id")), "MISSING_ATTRIBUTE"),
        Poison("no data", changed(lambda tree: tree.pop("data")), "MISSING_ATTRIBUTE"),
        Poison("bad id", changed(lambda tree: tree.update(id=canary + " é")), "INVALID_ATTRIBUTE"),
        Poison("specversion 0.3", changed(lambda tree: tree.update(specversion="0.3")), "WRONG_SPECVERSION"),
        Poison("type that is none", changed(lambda tree: tree.update(type=canary)), "UNKNOWN_TYPE"),
        Poison("another's source", changed(lambda tree: tree.update(source="/partner/rivals")), "WRONG_SOURCE"),
        Poison("other content type", good(), "WRONG_CONTENT_TYPE", headers=(("content-type", b"application/xml"),)),
        Poison("header of no text", good(), "BAD_HEADERS", headers=(("content-type", b"\xff"),)),
        Poison("header without a value", good(), "BAD_HEADERS", headers=(("trace", None),)),
        Poison("100 headers", good(), "BAD_HEADERS", headers=tuple((f"h{n}", b"x") for n in range(100))),
        Poison("no key", good(), "MISSING_KEY", key=None),
        Poison("key of no text", good(), "KEY_NOT_UTF8", key=b"\xff\xfe"),
        Poison("NUL in the key", good(), "NUL_CHARACTER", key=b"a\x00b"),
    ]


def for_partners_only(key: str, canary: str) -> list[Poison]:
    """What we forgive ourselves, since a newer release of ours may send it already, and nobody else."""
    tree = orjson.loads(added(key, 1, id_=f"bad-{uuid.uuid4().hex}", partner=True))
    unknown = {**tree, "type": "id.pulang.test.amount.guessed.v1"}
    return [
        Poison("extra attribute", orjson.dumps({**tree, "nama": canary}), "UNKNOWN_ATTRIBUTE"),
        Poison("unknown type", orjson.dumps(unknown), "UNKNOWN_TYPE"),
        Poison("a correlation of ours", orjson.dumps({**tree, "correlationid": "x"}), "UNKNOWN_ATTRIBUTE"),
    ]
