"""Logs say what happened and never to whom: redaction goes by type, whatever the text."""

import io
import json
import logging
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared.kernel.command import Unavailable
from shared.observability.logging import configure_logging, redact
from shared.observability.sensitive import Secret, Sensitive

CANARY = "Maria Canary"


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int = 0


class Colour(StrEnum):
    """A code."""

    RED = "RED"


class Loud:
    """An object that would tell everything."""

    def __repr__(self) -> str:
        return CANARY

    __str__ = __repr__


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where logs go; the process's own set-up is put back afterwards."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging(stream=stream)
    yield stream
    structlog.configure(**before)
    root.handlers, root.level = handlers, level
    logging.getLogger("uvicorn.access").disabled = False


def last(stream: io.StringIO) -> dict[str, Any]:
    """The newest line."""
    found: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "value",
    [
        Sensitive(CANARY),
        Secret(CANARY),
        CANARY.encode(),
        bytearray(CANARY.encode()),
        memoryview(CANARY.encode()),
        Person(name=CANARY),
        ValueError(CANARY),
        Loud(),
        [Person(name=CANARY)],
        {"who": Sensitive(CANARY)},
        ({"deep": [{"who": Loud()}]},),
        {Loud(): 1},
        iter([CANARY]),
        type(CANARY, (), {}),
    ],
)
def test_what_is_not_listed_shows_its_type_alone(lines: io.StringIO, value: Any) -> None:
    structlog.get_logger().info("seen", value=value, inside={"list": [value]})
    logging.getLogger("library").warning("seen %s", value)
    logging.getLogger("library").warning("seen %(a)s", {"a": value})
    assert len(lines.getvalue().splitlines()) == 3
    assert "canary" not in lines.getvalue().lower()


def test_plain_values_and_codes_are_printed(lines: io.StringIO) -> None:
    moment = datetime(2026, 5, 14, 13, 20, tzinfo=timezone(timedelta(hours=8)))
    structlog.get_logger().info("seen", n=1, x=1.5, yes=True, nothing=None, code=Colour.RED, at=moment, ref="V-020")
    line = last(lines)
    assert line["event"] == "seen"
    assert (line["n"], line["x"], line["yes"], line["nothing"], line["code"]) == (1, 1.5, True, None, "RED")
    assert (line["at"], line["ref"], line["level"]) == ("2026-05-14T13:20:00+08:00", "V-020", "info")
    assert datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta(0)


def test_an_exception_is_its_type_and_its_places(lines: io.StringIO) -> None:
    try:
        try:
            Person.model_validate({"name": "V-020", "age": CANARY})
        except ValidationError as error:
            raise RuntimeError(CANARY) from error
    except RuntimeError:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("failed")
    for line in map(json.loads, lines.getvalue().splitlines()):
        assert line["exception"]["type"] == "builtins.RuntimeError"
        assert line["exception"]["cause"]["type"].endswith("ValidationError")
        assert "test_an_exception_is_its_type_and_its_places" in line["exception"]["at"][-1]
    assert "canary" not in lines.getvalue().lower()


def test_a_group_tells_its_members_and_an_error_of_ours_its_code(lines: io.StringIO) -> None:
    group = ExceptionGroup(CANARY, [Unavailable("BUSY"), KeyError(CANARY)])
    structlog.get_logger().error("failed", exc_info=group)
    members = last(lines)["exception"]["members"]
    assert [member["type"].rpartition(".")[2] for member in members] == ["Unavailable", "KeyError"]
    assert members[0]["code"] == "BUSY"
    assert "canary" not in lines.getvalue().lower()


def test_bound_context_is_on_every_line_until_it_is_cleared(lines: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(correlation_id="c-1")
    logging.getLogger("library").warning("one")
    assert last(lines)["correlation_id"] == "c-1"
    structlog.contextvars.clear_contextvars()
    structlog.get_logger().info("two")
    assert "correlation_id" not in last(lines)


def test_a_template_that_does_not_fit_its_arguments_is_printed_bare(lines: io.StringIO) -> None:
    ours = logging.getLogger().handlers[0]
    ours.handle(logging.LogRecord("library", logging.WARNING, "library.py", 1, "%d apples", (CANARY,), None))
    assert last(lines)["event"] == "%d apples"


def test_the_servers_access_log_is_off(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info('"GET /v1/x?name=%s"', CANARY)
    assert lines.getvalue() == ""


def test_long_texts_and_lists_are_cut() -> None:
    assert len(redact("x" * 10_000)) == 500
    assert len(redact(list(range(1000)))) == 50


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(min_size=1),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(anything)
def test_whatever_is_logged_can_be_written_as_json(value: Any) -> None:
    json.dumps(redact(value))


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>5}".format, lambda v: f"{v}", lambda v: "%s" % v])  # noqa: UP031
def test_a_sensitive_value_has_one_way_in(show: Any) -> None:
    hidden = Sensitive(CANARY)
    assert CANARY not in show(hidden)
    assert hidden.reveal() == CANARY


def test_a_sensitive_value_does_not_leave_the_process() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Sensitive(CANARY))


def test_times_are_utc() -> None:
    assert redact(datetime(2026, 5, 14, tzinfo=UTC)) == "2026-05-14T00:00:00+00:00"
