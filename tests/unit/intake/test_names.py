"""Names as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.names import is_called, words_of

NAMES = ("Maria Goreti Bele", "Mery")


@pytest.mark.parametrize(
    "wanted",
    ["maria bele", "BELE, Maria", "Goreti", "mery", "Ｍａｒｉａ", "Maria\u0301 Go\u0308reti", " maria  goreti bele "],
)
def test_a_name_is_known_by_its_words_in_any_order_case_and_accent(wanted: str) -> None:
    assert is_called(wanted, NAMES)


@pytest.mark.parametrize("wanted", ["Mar", "Maria Mery", "Maria Seran", "", " ., ", "5302"])
def test_parts_of_words_words_of_two_names_and_no_words_find_nobody(wanted: str) -> None:
    assert not is_called(wanted, NAMES)


@given(st.text(min_size=1, max_size=40))
def test_everybody_is_called_what_they_are_called(name: str) -> None:
    assert is_called(name, [name]) == bool(words_of(name))
