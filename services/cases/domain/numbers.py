"""Case numbers: `NTT-2026-048213`, unique in their year, telling neither order nor count.

A counter runs 0, 1, 2, … per year, and a keyed permutation of 0..999999 turns each count into what people see.
The counter would make every new case wait for every other, so it hands out blocks of 20 to sixteen shelves; a
case takes the next number of its shelf, and the counter is touched once in 20. All of it is ordinary aggregates in
the unit of work that makes the case: a rolled-back case gives its number back, nothing runs in the background, and
the unique index on `case_no` stays the last word. The year's key is drawn with its counter and kept beside it,
because a key that changed within a year would no longer be one permutation.
"""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import ClassVar

from shared.kernel.aggregate import Aggregate, Need
from shared.kernel.clock import WITA
from shared.kernel.errors import Reject
from shared.kernel.work import Work

SIZE = 1_000_000
BLOCK = 20
SHELVES = 16
ROUNDS = 8

Mix = Callable[[int, int], int]
"""Round number and half-block in, pseudo-random bits out."""


class NumberCounter(Aggregate):
    """How many counts of a year went to shelves. Its id is the year."""

    collection: ClassVar[str] = "number_counters"
    has_timeline: ClassVar[bool] = False

    key: bytes
    next: int = 0


class NumberShelf(Aggregate):
    """Counts from `next` up to, not including, `end` that are still to be used, with the year's key."""

    collection: ClassVar[str] = "number_shelves"
    has_timeline: ClassVar[bool] = False

    key: bytes
    next: int
    end: int


def permute(index: int, size: int, mix: Mix) -> int:
    """Where a keyed permutation of 0..size-1 sends `index`.

    A balanced Feistel network over the next even number of bits, walked again until the result is below `size`
    (Black and Rogaway, Ciphers with Arbitrary Finite Domains, CT-RSA 2002: cycle walking).
    """
    if not 0 <= index < size:
        raise ValueError("index outside the permutation")
    bits = ((size - 1).bit_length() + 1) // 2
    mask = (1 << bits) - 1
    while True:
        left, right = index >> bits, index & mask
        for number in range(ROUNDS):
            left, right = right, left ^ (mix(number, right) & mask)
        index = left << bits | right
        if index < size:
            return index


def keyed_mix(key: bytes) -> Mix:
    """The round function: BLAKE2s (RFC 7693) under the key."""

    def mix(number: int, half: int) -> int:
        digest = hashlib.blake2s(bytes([number]) + half.to_bytes(4, "big"), key=key, digest_size=4)
        return int.from_bytes(digest.digest(), "big")

    return mix


def number_needs(recorded_at: datetime, spread: str) -> Iterable[Need]:
    """What to load so that `draw_number` can answer with the same arguments."""
    year = year_of(recorded_at)
    shelf = NumberShelf.ref(shelf_id(year, spread))
    return [shelf.then(lambda found: NumberCounter.ref(year) if found is None or found.next == found.end else None)]


def draw_number(work: Work, recorded_at: datetime, spread: str) -> str:
    """The next free case number of the year; `spread`, any reference, picks the shelf."""
    year = year_of(recorded_at)
    id_ = shelf_id(year, spread)
    shelf = work.find(NumberShelf, id_)
    if shelf is None or shelf.next == shelf.end:
        shelf = _refilled(work, year, id_, shelf)
    work.put(shelf.evolve(next=shelf.next + 1))
    return f"NTT-{year}-{permute(shelf.next, SIZE, keyed_mix(shelf.key)):06d}"


def skip_numbers(work: Work, year: str, blocks: int) -> NumberCounter:
    """Leave out what is on the year's shelves, and so many blocks after what was handed out: numbers that may have
    been given, although this database does not know of it."""
    for id_ in shelves_of(year):
        shelf = work.find(NumberShelf, id_)
        if shelf is not None and shelf.next < shelf.end:
            work.put(shelf.evolve(next=shelf.end))
    counter = work.find(NumberCounter, year) or NumberCounter(id=year, key=_fresh_key(work))
    if counter.next + blocks * BLOCK > SIZE:
        raise Reject("NUMBERS_EXHAUSTED")
    work.put(counter.evolve(next=counter.next + blocks * BLOCK))
    return work.get(NumberCounter, year)


def blocks_given(entries: int) -> int:
    """How many blocks at most were handed out while so many audit entries were made: a case leaves at least one, and
    each shelf may have begun a block; twice that, for entries that no checkpoint had sealed yet."""
    return 2 * SHELVES + -(-entries // BLOCK)


def shelves_of(year: str) -> tuple[str, ...]:
    """All shelves of a year."""
    return tuple(f"{year}|{number:02d}" for number in range(SHELVES))


def _refilled(work: Work, year: str, id_: str, shelf: NumberShelf | None) -> NumberShelf:
    counter = work.find(NumberCounter, year) or NumberCounter(id=year, key=_fresh_key(work))
    if counter.next + BLOCK > SIZE:
        raise Reject("NUMBERS_EXHAUSTED")
    work.put(counter.evolve(next=counter.next + BLOCK))
    full = shelf or NumberShelf(id=id_, key=counter.key, next=0, end=0)
    return full.evolve(next=counter.next, end=counter.next + BLOCK)


def _fresh_key(work: Work) -> bytes:
    return hashlib.sha256("".join(work.new_id() for _ in range(4)).encode()).digest()


def year_of(moment: datetime) -> str:
    """The year of a moment as the province's wall clocks show it."""
    return str(moment.astimezone(WITA).year)


def shelf_id(year: str, spread: str) -> str:
    """The shelf of a year on which the numbers for `spread` stand."""
    return f"{year}|{hashlib.sha256(spread.encode()).digest()[0] % SHELVES:02d}"
