"""The pieces under the routes: problems, bodies, tags, languages, traces."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, field_validator
from pydantic_core import PydanticCustomError

from shared.http.body import CODES, parse_body
from shared.http.context import RequestContext, correlation_of, language_of, new_context
from shared.http.encoding import to_json
from shared.http.etag import Tagger, changed_fields, none_match, required_match
from shared.http.problems import STATUS, Problem, from_reject, from_unavailable, respond
from shared.http.titles import BY_CODE, BY_STATUS, title
from shared.kernel.command import Unavailable
from shared.kernel.errors import Kind, Reject, invalid
from shared.observability.tracing import Trace, continue_trace, new_trace, parse_traceparent

CONTEXT = RequestContext("corr-1", new_trace(), "id", "request-1")
TAGGER = Tagger(b"k" * 32, "test")


def test_every_kind_of_refusal_has_a_status_and_every_status_two_titles() -> None:
    assert set(STATUS) == set(Kind)
    assert set(STATUS.values()) <= set(BY_STATUS)
    for pair in (*BY_STATUS.values(), *BY_CODE.values()):
        assert len(set(pair)) == 2


def test_a_problem_has_the_standards_members_and_ours() -> None:
    answer = respond(from_reject(Reject("ILLEGAL_MOVE", legal_moves=["ACCEPT"])), CONTEXT)
    assert (answer.status_code, answer.media_type) == (409, "application/problem+json")
    assert json.loads(answer.body) == {
        "type": "/problems/illegal-move",
        "title": "Langkah ini tidak mungkin dalam keadaan sekarang",
        "status": 409,
        "code": "ILLEGAL_MOVE",
        "correlation_id": "corr-1",
        "legal_moves": ["ACCEPT"],
    }


def test_a_field_refused_by_a_rule_keeps_its_pointer() -> None:
    problem = from_reject(invalid("NOT_A_CHILD", "/persons/0/age"))
    assert problem.status == 422
    assert problem.errors == ({"pointer": "/persons/0/age", "code": "NOT_A_CHILD"},)


def test_what_is_unknown_does_not_say_what_it_was() -> None:
    assert from_reject(Reject("UNKNOWN_CASE", Kind.UNKNOWN)).code == "NOT_FOUND"


def test_unavailable_says_when_to_come_again() -> None:
    problem = from_unavailable(Unavailable("OUTCOME_UNKNOWN", 7))
    assert (problem.status, problem.code, problem.headers) == (503, "OUTCOME_UNKNOWN", {"Retry-After": "7"})


def test_a_services_own_titles_go_first() -> None:
    own = {"CONTACT_BLOCKED": ("Kontak diblokir", "Contact blocked")}
    assert title("CONTACT_BLOCKED", 409, "en", own) == "Contact blocked"
    assert title("CONTACT_BLOCKED", 409, "id", own) == "Kontak diblokir"
    assert title("SOMETHING", 409, "en", own) == BY_STATUS[409][1]


class Person(BaseModel):
    """A nested part."""

    sex: Literal["M", "F"]
    age: int = Field(ge=0, le=120)


class ByPlace(BaseModel):
    """One branch of a union."""

    kind: Literal["PLACE"]
    place: str = Field(max_length=3)


class ByRoad(BaseModel):
    """Another."""

    kind: Literal["ROAD"]
    village: str


class Body(BaseModel):
    """One of everything."""

    at: datetime
    persons: tuple[Person, ...] = Field(min_length=1, max_length=2)
    where: Annotated[ByPlace | ByRoad, Field(discriminator="kind")]
    code: str = "OK"

    @field_validator("code")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != "OK":
            raise PydanticCustomError("CODE_EXPIRED", "the code is no longer in use")
        return value


GOOD: dict[str, Any] = {
    "at": "2026-05-14T13:20:00+08:00",
    "persons": [{"sex": "F", "age": 17}],
    "where": {"kind": "PLACE", "place": "KOE"},
}


def faults(body: Any) -> list[tuple[str, str]]:
    """(pointer, code) of a refused body."""
    with pytest.raises(Problem) as refused:
        parse_body(json.dumps(body).encode(), Body)
    return sorted((error["pointer"], error["code"]) for error in refused.value.errors)


def test_a_good_body_is_read() -> None:
    body = parse_body(json.dumps(GOOD).encode(), Body)
    assert body.at == datetime(2026, 5, 14, 5, 20, tzinfo=UTC)
    assert body.persons[0].age == 17


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"persons": []}, [("/persons", "TOO_FEW")]),
        (
            {"persons": [{"sex": "X", "age": 121}]},
            [("/persons/0/age", "OUT_OF_RANGE"), ("/persons/0/sex", "NOT_IN_LIST")],
        ),
        ({"persons": [{"age": 1}]}, [("/persons/0/sex", "REQUIRED")]),
        ({"persons": [{"sex": "F", "age": "17"}]}, [("/persons/0/age", "WRONG_TYPE")]),
        ({"persons": [{"sex": "F", "age": 1, "name": "x"}]}, [("/persons/0", "UNKNOWN_FIELD")]),
        ({"persons": [{"sex": "F", "age": 1, "MARIA": "x"}]}, [("/persons/0", "UNKNOWN_FIELD")]),
        ({"where": {"kind": "PLACE", "place": "LONG"}}, [("/where/place", "TOO_LONG")]),
        ({"where": {"kind": "PLACE"}}, [("/where/place", "REQUIRED")]),
        ({"where": {"kind": "SEA"}}, [("/where", "NOT_IN_LIST")]),
        ({"where": {}}, [("/where", "REQUIRED")]),
        ({"at": "yesterday"}, [("/at", "WRONG_TYPE")]),
        ({"at": None}, [("/at", "WRONG_TYPE")]),
        ({"code": "OLD"}, [("/code", "CODE_EXPIRED")]),
    ],
)
def test_each_fault_has_its_place_and_code(change: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert faults(GOOD | change) == expected


def test_a_body_of_another_shape_is_wrong_as_a_whole() -> None:
    assert faults([]) == [("", "WRONG_TYPE")]


def test_every_code_is_upper_snake() -> None:
    assert all(code.isupper() for code in CODES.values())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_whatever_is_sent_is_a_body_or_a_problem(value: Any) -> None:
    canary = "Maria-Canary"
    body = {"at": canary, "persons": [value], canary: value}
    with pytest.raises(Problem) as refused:
        parse_body(json.dumps(body).encode(), Body)
    assert refused.value.status in (400, 422)
    assert canary not in json.dumps(list(refused.value.errors))


@given(st.binary(max_size=200))
def test_whatever_bytes_are_sent_are_a_problem(raw: bytes) -> None:
    with pytest.raises(Problem):
        parse_body(raw, Body)


fields = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3) | st.text(max_size=2), min_size=1)


@given(fields, fields)
def test_tags_are_equal_exactly_where_what_is_shown_is(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert (TAGGER.tag("Case|1", first) == TAGGER.tag("Case|1", second)) == (first == second)
    assert TAGGER.tag("Case|1", first) != TAGGER.tag("Case|2", first)
    assert Tagger(b"j" * 32, "test").tag("Case|1", first) != TAGGER.tag("Case|1", first)


@given(fields, st.data())
def test_a_tag_names_the_fields_that_changed(shown: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(shown)))
    after = {**shown, name: "changed"}
    tags = TAGGER.tag("Case|1", shown), TAGGER.tag("Case|1", after)
    assert changed_fields(*tags, after) == [name]
    assert changed_fields("A" * 12, tags[1], after) == []
    assert none_match(f'"{tags[0]}"', tags[0])
    assert required_match(f'"{tags[0]}"') == tags[0]


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 428), ("*", 400), ('W/"abcdefghijklmn"', 400), ('"short"', 400), ("abcdefghijklmn", 400)],
)
def test_a_precondition_is_one_strong_tag(header: str | None, status: int) -> None:
    with pytest.raises(Problem) as refused:
        required_match(header)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ("", None, "id"),
        ("lang=en", "id", "en"),
        ("lang=id", "en", "id"),
        ("lang=fr", "en", "en"),
        ("", "en-GB,en;q=0.9", "en"),
        ("", "id,en;q=0.9", "id"),
        ("", "fr, en;q=0.5, id;q=0.4", "en"),
        ("", "fr", "id"),
        ("", "en;q=0", "id"),
        ("", "en;q=nonsense", "id"),
        ("lang=en&lang=id", None, "id"),
    ],
)
def test_the_language_is_what_was_asked_for_or_indonesian(query: str, accept: str | None, expected: str) -> None:
    assert language_of(query, accept) == expected


def test_a_correlation_id_is_taken_from_the_caller_only_as_a_uuid() -> None:
    given_ = "019bb2c4-8f00-7c3e-9d41-5a1f0c2e7b10"
    assert correlation_of(given_) == given_
    for typed in (None, "", "Maria Canary", "5302994107081234", "x" * 36):
        assert correlation_of(typed) != typed


def test_a_trace_goes_on_under_a_new_span() -> None:
    header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    ours = new_context({"traceparent": header}, "").trace
    assert ours.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert ours.span_id != "b7ad6b7169203331"
    assert parse_traceparent(str(ours)) == ours


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    ],
)
def test_a_header_that_is_no_trace_begins_a_new_one(header: str | None) -> None:
    assert parse_traceparent(header) is None
    assert continue_trace(header) != continue_trace(header)


def test_a_later_version_of_the_standard_is_read_as_far_as_we_know_it() -> None:
    found = parse_traceparent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more")
    assert found == Trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", sampled=False)


def test_times_are_shown_in_central_indonesian_time_and_bytes_never() -> None:
    assert to_json({"at": datetime(2026, 5, 14, 5, 20, tzinfo=UTC)}) == b'{"at":"2026-05-14T13:20:00+08:00"}'
    with pytest.raises(TypeError):
        to_json({"sealed": b"x"})
