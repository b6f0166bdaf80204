"""F24: whoever writes to the database past the product is found, and the first bad entry is named."""

import contextlib
import copy
import random
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import pytest
from pymongo import ReplaceOne
from pymongo.errors import OperationFailure

from shared.mongo.client import Mongo
from shared.mongo.indexes import ensure
from shared.security.audit.chain import Head, place, service_chain
from tests.support.audit import Audit, report

pytestmark = pytest.mark.integration

POSITIONS = 100
ENTRIES, EVERY = 120, 7
SEED = 20_261_124

Row = dict[str, Any]
Rows = list[Row]


class Log:
    """What the database holds, as plain documents that an attacker changes at will."""

    def __init__(self, lines: Rows) -> None:
        self.header, self.end = lines[0], copy.deepcopy(lines[-1]["end"])
        self.entries = [copy.deepcopy(line["entry"]) for line in lines if "entry" in line]
        self.checkpoints = [copy.deepcopy(line["checkpoint"]) for line in lines if "checkpoint" in line]

    def lines(self) -> Rows:
        """The export that the changed database would give: in the order of the stored numbers."""
        entries = sorted(self.entries, key=lambda e: e["chain"]["seq"])
        inside = [{"checkpoint": each} for each in self.checkpoints]
        return [self.header, *inside, *({"entry": each} for each in entries), {"end": self.end}]

    def at(self, seq: int) -> Row:
        """The entry of this number."""
        return self.entries[seq - 1]


def leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values inside a document."""
    if isinstance(node, dict | list):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        return [leaf for name, value in pairs for leaf in leaves(value, (*path, name))]
    return [path]


def flip(node: Row, dice: random.Random, spare: frozenset[str] = frozenset()) -> tuple[Any, ...]:
    """Change one value somewhere, as little as can be; answers where."""
    path = dice.choice([leaf for leaf in leaves(node) if leaf[-1] not in spare])
    holder = node
    for name in path[:-1]:
        holder = holder[name]
    value = holder[path[-1]]
    if isinstance(value, str) and value:
        place_ = dice.randrange(len(value))
        holder[path[-1]] = value[:place_] + chr(ord(value[place_]) ^ 1) + value[place_ + 1 :]
    else:
        holder[path[-1]] = value + 1 if isinstance(value, int) else "x"
    return path


def flip_entry(log: Log, seq: int, dice: random.Random) -> int:
    flip(log.at(seq), dice)
    return seq


def delete_entry(log: Log, seq: int, dice: random.Random) -> int:
    del log.entries[seq - 1]
    return seq


def insert_entry(log: Log, seq: int, dice: random.Random) -> int:
    log.entries.insert(seq - dice.randrange(2), {**copy.deepcopy(log.at(seq)), "id": "put-in", "action": "OTHER"})
    return seq


def insert_and_renumber(log: Log, seq: int, dice: random.Random) -> int:
    new = copy.deepcopy(log.at(seq))
    for later in log.entries[seq - 1 :]:
        later["chain"]["seq"] += 1
    log.entries.insert(seq - 1, {**new, "id": "put-in"})
    log.end["seq"] += 1
    return seq


def swap_entries(log: Log, seq: int, dice: random.Random) -> int:
    other = dice.choice([n for n in range(1, ENTRIES + 1) if n != seq])
    a, b = log.at(seq), log.at(other)
    a["chain"], b["chain"] = b["chain"], a["chain"]
    return min(seq, other)


def truncate_entries(log: Log, seq: int, dice: random.Random) -> int:
    """The thorough one: heads and checkpoints go too, as if it had never been longer."""
    del log.entries[seq - 1 :]
    log.checkpoints = [each for each in log.checkpoints if each["last"] < seq]
    last = log.entries[-1]["chain"] if log.entries else {"seq": 0, "hash": "0" * 64}
    log.end |= {"seq": last["seq"], "hash": last["hash"]}
    return seq


ON_ENTRIES = (flip_entry, delete_entry, insert_entry, insert_and_renumber, swap_entries, truncate_entries)


def flip_checkpoint(log: Log, number: int, dice: random.Random) -> int:
    flip(log.checkpoints[number - 1], dice)
    return number


def delete_checkpoint(log: Log, number: int, dice: random.Random) -> int:
    del log.checkpoints[number - 1]
    return number


def insert_checkpoint(log: Log, number: int, dice: random.Random) -> int:
    log.checkpoints.insert(number - 1, {**log.checkpoints[number - 1], "root": "f" * 64})
    return number


def swap_checkpoints(log: Log, number: int, dice: random.Random) -> int:
    other = dice.choice([n for n in range(1, len(log.checkpoints) + 1) if n != number])
    rows = log.checkpoints
    rows[number - 1], rows[other - 1] = rows[other - 1], rows[number - 1]
    return min(number, other)


def truncate_checkpoints(log: Log, number: int, dice: random.Random) -> int:
    del log.checkpoints[number - 1 :]
    return number


ON_CHECKPOINTS = (flip_checkpoint, delete_checkpoint, insert_checkpoint, swap_checkpoints, truncate_checkpoints)

Tamper = Callable[[Log, int, random.Random], int]


@pytest.fixture(scope="module")
async def audit(mongo_uri: str) -> AsyncIterator[Audit]:
    """A log of a hundred entries and more, made by the product; the tests change what it exports."""
    mongo = Mongo(mongo_uri, f"t{random.SystemRandom().randrange(10**9)}_tamper")
    await ensure(mongo, ())
    audit = Audit(mongo)
    await audit.grow(ENTRIES, EVERY)
    yield audit
    await mongo.client.drop_database(mongo.database)
    await mongo.close()


@pytest.fixture(scope="module")
async def lines(audit: Audit) -> Rows:
    return await audit.lines()


def test_a_clean_log_raises_no_alarm_with_copies_and_without(audit: Audit, lines: Rows) -> None:
    assert report(lines, audit.copies)["faults"] == report(lines)["faults"] == []
    assert report(Log(lines).lines(), audit.copies)["ok"], "the attacker's view is the same export"


@pytest.mark.parametrize("tamper", ON_ENTRIES, ids=lambda each: each.__name__)
def test_the_first_bad_entry_is_named(audit: Audit, lines: Rows, tamper: Tamper) -> None:
    dice = random.Random(SEED)
    for _ in range(POSITIONS):
        log, position = Log(lines), dice.randint(1, ENTRIES)
        expected = tamper(log, position, dice)
        found = report(log.lines(), audit.copies)
        assert not found["ok"], (tamper.__name__, position)
        named = found["faults"][0]["entry"]
        changed_number = tamper is flip_entry and named != expected  # the flipped value was the number itself
        assert named == expected or (changed_number and named < expected), (tamper.__name__, position, found["faults"])


@pytest.mark.parametrize("tamper", ON_CHECKPOINTS, ids=lambda each: each.__name__)
def test_the_first_bad_checkpoint_is_named(audit: Audit, lines: Rows, tamper: Tamper) -> None:
    dice = random.Random(SEED)
    for _ in range(POSITIONS):
        log = Log(lines)
        expected = tamper(log, dice.randint(1, len(log.checkpoints)), dice)
        found = report(log.lines(), audit.copies)
        assert [expected] == [fault["checkpoint"] for fault in found["faults"][:1]], (tamper.__name__, expected)


def test_a_copy_that_was_changed_is_named_too(audit: Audit, lines: Rows) -> None:
    dice = random.Random(SEED)
    for _ in range(POSITIONS):
        copies = copy.deepcopy(audit.copies)
        number = dice.randint(1, len(copies))
        flip(copies[number - 1], dice, frozenset({"service"}))
        assert not report(lines, copies)["ok"], number


def test_a_history_that_was_wholly_rewritten_disagrees_with_the_checkpoint_over_it(audit: Audit, lines: Rows) -> None:
    dice = random.Random(SEED)
    for _ in range(10):
        log, seq = Log(lines), dice.randint(1, ENTRIES)
        log.at(seq)["action"] = "NOTHING_HAPPENED"
        heads: dict[str, Head] = {}
        rows = [{"_id": row["id"], **{k: v for k, v in row.items() if k not in ("id", "chain")}} for row in log.entries]
        for row, placed in zip(log.entries, place("cases", rows, heads), strict=True):
            row["chain"] = dict(placed.place)
        head = heads[service_chain("cases")]
        log.end |= {"seq": head.seq, "hash": head.hash}
        fault = report(log.lines())["faults"][0]
        assert fault["code"] == "HISTORY_REWRITTEN"
        assert fault["entry"] == (seq - 1) // EVERY * EVERY + 1, "the first entry of the seal that no longer holds"


def test_a_truncated_log_looks_whole_without_the_copies(audit: Audit, lines: Rows) -> None:
    """Why the copies are kept elsewhere: alone, a shorter log is just a shorter log."""
    log = Log(lines)
    truncate_entries(log, 50, random.Random(SEED))
    assert report(log.lines())["ok"]
    assert not report(log.lines(), audit.copies)["ok"]


async def put(audit: Audit, old: Log, new: Log) -> None:
    """Write to MongoDB what an attacker made of the log."""
    for name, key, before, after in (
        ("audit", "id", old.entries, new.entries),
        ("audit_checkpoints", "number", old.checkpoints, new.checkpoints),
    ):
        collection = audit.mongo.collection(name)
        gone = [row for row in before if row not in after]
        await collection.delete_many({"_id": {"$in": [row[key] for row in gone]}})
        writes = [ReplaceOne({"_id": r[key]}, untold(stored(r)), upsert=True) for r in after if r not in before]
        if writes:
            await collection.bulk_write(writes)
    heads = audit.mongo.collection("audit_heads")
    await heads.update_one({"_id": service_chain("cases")}, {"$set": {k: new.end[k] for k in ("seq", "hash")}})


def stored(row: Row) -> Row:
    """Without the id, which is the document's."""
    return {field: value for field, value in row.items() if field != "id"}


def untold(node: Any) -> Any:
    """An export's times as the database keeps them."""
    if isinstance(node, dict):
        if node.keys() == {"$date"}:
            return datetime.fromisoformat(node["$date"])
        return {name: untold(value) for name, value in node.items()}
    return [untold(value) for value in node] if isinstance(node, list) else node


@pytest.mark.parametrize("tamper", [*ON_ENTRIES, *ON_CHECKPOINTS[1:2], *ON_CHECKPOINTS[4:]], ids=lambda e: e.__name__)
async def test_the_database_itself_tampered_with_is_found(audit: Audit, lines: Rows, tamper: Tamper) -> None:
    """The same through real changes in MongoDB, and back again. Even the unique index on numbers is gone."""
    dice = random.Random(SEED)
    with contextlib.suppress(OperationFailure):
        await audit.mongo.collection("audit").drop_index("chain.seq_1")
    for _ in range(10):
        log = Log(lines)
        expected = tamper(log, dice.randint(1, len(log.checkpoints)), dice)
        await put(audit, Log(lines), log)
        found = (await audit.verify())["faults"][0]
        await put(audit, log, Log(lines))
        assert expected == found["checkpoint" if tamper in ON_CHECKPOINTS else "entry"], (tamper.__name__, found)
    assert (await audit.verify())["ok"], "all is as it was"
