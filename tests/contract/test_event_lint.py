"""The second wall: an event into which identity or prose would fit does not pass."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from shared.events.contracts.lint import findings
from shared.events.envelope import Code, EventData, Id
from shared.events.registry import registry


@pytest.mark.parametrize("type_", sorted(registry().models))
def test_no_event_has_a_place_for_identity_or_prose(type_: str) -> None:
    assert findings(registry().models[type_]) == []


class Nested(BaseModel):
    """A part of a body."""

    remark: Code


class Bad(EventData):
    """Everything that must not be."""

    type = "id.pulang.test.thing.happened.v1"
    topics = ()

    full_name: Code
    free: str
    short: Annotated[str, Field(max_length=20)]
    spaced: Annotated[str, Field(pattern=r"^[A-Za-z ]+$")]
    unanchored: Annotated[str, Field(pattern=r"[a-z]+")]
    many: tuple[str, ...]
    inner: Nested
    counts: dict[str, int]
    anything: Any
    perhaps: Code | str | None
    desa: int


class Good(EventData):
    """Codes, references and counts."""

    type = "id.pulang.test.thing.counted.v1"
    topics = ()

    subject_ref: Id
    what: Code | None
    which: Literal["A", "B"]
    counts: dict[Code, int]


def test_the_lint_finds_each_kind_of_hole() -> None:
    found = findings(Bad)
    assert findings(Good) == []
    assert {
        "full_name: is named after identity or prose",
        "free: takes any text",
        "short: takes any text",
        "spaced: takes any text",
        "unanchored: takes any text",
        "many[]: takes any text",
        "inner.remark: is named after identity or prose",
        "counts: its keys take any text",
        "anything: takes any text",
        "perhaps: takes any text",
        "desa: is named after identity or prose",
    } == set(found)
