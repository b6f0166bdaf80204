"""Case numbers."""

import re
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise

import pytest

from services.cases.commands import SkipNumbers
from services.cases.domain.case import Case
from services.cases.domain.numbers import (
    BLOCK,
    SIZE,
    NumberCounter,
    NumberShelf,
    blocks_given,
    keyed_mix,
    permute,
    shelf_id,
)
from shared.kernel.errors import Reject
from tests.support.pure import World, event
from tests.unit.cases.builders import hand_over, handed, world


def test_the_permutation_of_a_whole_year_is_a_bijection() -> None:
    mix = cache(keyed_mix(b"a year's key"))
    assert len({permute(index, SIZE, mix) for index in range(SIZE)}) == SIZE


def test_neighbours_do_not_stay_neighbours() -> None:
    mix = keyed_mix(b"a year's key")
    numbers = [permute(index, SIZE, mix) for index in range(1000)]
    assert sum(abs(a - b) < 1000 for a, b in pairwise(numbers)) < 20
    assert numbers != sorted(numbers)


def test_another_key_gives_another_order() -> None:
    one, other = keyed_mix(b"one"), keyed_mix(b"other")
    assert [permute(i, SIZE, one) for i in range(20)] != [permute(i, SIZE, other) for i in range(20)]


def test_a_number_names_the_year_in_the_province() -> None:
    w = world(now=datetime(2025, 12, 31, 17, 0, tzinfo=UTC))
    late = event(handed())
    work = w.handle(type(late)(**{**{s: getattr(late, s) for s in late.__slots__}, "time": w.now}))
    case = next(found for found in work.changed.values() if isinstance(found, Case))
    assert re.fullmatch(r"NTT-2026-[0-9]{6}", case.case_no)


def test_numbers_are_distinct_over_many_blocks_and_the_counter_moves_once_a_block() -> None:
    w = world()
    numbers = {hand_over(w, subject_ref=f"P-{index}").case_no for index in range(200)}
    counter = w.overlay.current(NumberCounter.ref("2026"))
    assert len(numbers) == 200
    assert isinstance(counter, NumberCounter)
    shelves = {shelf_id("2026", f"P-{index}") for index in range(200)}
    assert counter.next <= 200 + BLOCK * len(shelves)
    assert counter.version == counter.next // BLOCK


def test_the_sequence_of_numbers_tells_no_order() -> None:
    w = world()
    numbers = [int(hand_over(w, subject_ref=f"P-{index}").case_no[-6:]) for index in range(50)]
    assert max(numbers) > 500_000 > min(numbers)
    assert numbers != sorted(numbers)


def numbers_of(w: World, first: int, count: int) -> set[str]:
    return {hand_over(w, subject_ref=f"P-{index}").case_no for index in range(first, first + count)}


@pytest.mark.parametrize("lost", [0, 1, 7, 150, 400])
def test_after_a_restore_no_number_is_given_that_was_given_before(lost: int) -> None:
    """The lost cases' numbers come from the database as it was; the restored one has the same key and an older end."""
    w = world()
    known = numbers_of(w, 0, 90)
    kept = [a for a in (slot.now for slot in w.overlay.slots.values()) if isinstance(a, NumberCounter | NumberShelf)]
    given = numbers_of(w, 90, lost)
    restored = world(kept)
    restored.run(SkipNumbers("2026", blocks_given(lost)))
    again = numbers_of(restored, 10_000, 500)
    assert not again & (known | given)
    assert len(again) == 500


def test_a_year_without_numbers_begins_behind_those_that_may_be_lost() -> None:
    counter = world().run(SkipNumbers("2026", 32)).answer
    assert (counter.id, counter.next) == ("2026", 32 * BLOCK)


def test_more_than_the_years_numbers_are_not_skipped() -> None:
    with pytest.raises(Reject, match="NUMBERS_EXHAUSTED"):
        world().run(SkipNumbers("2026", SIZE))
