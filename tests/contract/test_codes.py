"""Stable codes: each that is raised says what it means, each that has words is raised, and none says it twice."""

import ast

import pytest

from deploy import codes
from deploy.codes import COMPUTED, ROOT, Raised, raised
from deploy.error_page import meaning
from shared.http.documents import refusals_of
from shared.http.titles import BY_CODE
from tests.architecture.test_house import SERVICES, every_route, service_of

TITLES = {name: service_of(name).titles for name in SERVICES}
FOUND = sorted(raised())

ONE_WORD = {
    "IN_FUTURE": "IN_THE_FUTURE",
    "MISSING": "REQUIRED",
    "NO_SUCH_MOVE": "ILLEGAL_MOVE",
    "BUSY": "TOO_BUSY",
}
"""Codes that somebody might write, and the one that says it already."""


@pytest.mark.parametrize("each", FOUND, ids=lambda each: f"{each.room}-{each.code}-{each.status}")
def test_a_code_that_is_raised_says_what_it_means(each: Raised) -> None:
    assert all(meaning(each, TITLES))


def test_a_code_that_has_words_is_raised() -> None:
    by_room = {room: {each.code for each in FOUND if each.room == room} for room in codes.ROOMS}
    assert set(BY_CODE) - set().union(*by_room.values()) == set()
    assert {name: set(own) - by_room[name] for name, own in TITLES.items()} == {name: set() for name in SERVICES}


def test_a_code_has_its_words_once() -> None:
    assert {name: set(own) & set(BY_CODE) for name, own in TITLES.items()} == {name: set() for name in SERVICES}


def test_what_is_said_already_is_said_by_its_one_code() -> None:
    assert {each.code for each in FOUND} & set(ONE_WORD) == set()
    assert set(ONE_WORD.values()) <= {each.code for each in FOUND}


def test_what_the_documents_promise_can_come() -> None:
    known = {(each.status, each.code) for each in FOUND}
    promised = {pair for _, spec in every_route() for pair in refusals_of(spec)}
    assert promised - known == set()


def test_the_table_of_computed_codes_names_files_that_there_are() -> None:
    assert [name for name in COMPUTED if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('Reject("A")', [(409, "A")]),
        ('Reject("A", Kind.FORBIDDEN)', [(403, "A")]),
        ('Reject("A", kind=Kind.INVALID)', [(422, "A")]),
        ('Reject("A" if x else "B")', [(409, "A"), (409, "B")]),
        ('invalid("A", "/a")', [(422, "A")]),
        ('Problem(428, "A")', [(428, "A")]),
        ("Unavailable()", [(503, "UNAVAILABLE")]),
        ("Reject(code)", []),
        ('print("A")', None),
    ],
)
def test_codes_are_read_from_the_source(source: str, found: object) -> None:
    [statement] = ast.parse(source).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    assert codes._codes(statement.value) == found
