"""The check of released schemas: each way to break a promise is seen, and each way to grow is allowed."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from shared.events.contracts.compatibility import breaks

SCHEMA: dict[str, Any] = {
    "title": "Thing",
    "type": "object",
    "required": ["ref", "risk", "people", "offices", "unit", "choices"],
    "properties": {
        "ref": {"type": "string", "pattern": "^[A-Z]+$"},
        "at": {"type": "string", "format": "date-time"},
        "risk": {"enum": ["R1", "R2"], "type": "string"},
        "kind": {"const": "A", "type": "string"},
        "people": {"type": "integer", "minimum": 0, "maximum": 10},
        "offices": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]+$"}, "maxItems": 5},
        "unit": {"anyOf": [{"type": "string", "pattern": "^[A-Z]+$"}, {"type": "null"}]},
        "origins": {"type": "object", "patternProperties": {"^[0-9]+$": {"type": "integer", "minimum": 0}}},
        "choices": {"type": "array", "items": {"$ref": "#/$defs/Choice"}},
        "open": {"type": "object"},
    },
    "$defs": {"Choice": {"type": "object", "required": ["given"], "properties": {"given": {"type": "boolean"}}}},
}
Change = Callable[[dict[str, Any]], object]


def after(change: Change) -> dict[str, Any]:
    schema = deepcopy(SCHEMA)
    change(schema)
    return schema


def prop(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = schema["properties"][name]
    return found


BREAKS: dict[str, tuple[Change, str]] = {
    "a field goes": (lambda s: s["properties"].pop("at"), "/at: is gone"),
    "a field is renamed": (lambda s: s["properties"].update(when=s["properties"].pop("at")), "/at: is gone"),
    "a new required field": (lambda s: s["required"].append("state"), "/state: became required"),
    "an optional field becomes required": (lambda s: s["required"].append("at"), "/at: became required"),
    "a required field becomes optional": (lambda s: s["required"].remove("ref"), "/ref: is no longer always there"),
    "another type": (lambda s: prop(s, "ref").update(type="integer"), "/ref: type string became integer"),
    "a value goes": (lambda s: prop(s, "risk")["enum"].remove("R1"), "/risk: values were taken away"),
    "values are listed": (lambda s: prop(s, "ref").update(enum=["A"]), "/ref: values were taken away"),
    "another constant": (lambda s: prop(s, "kind").update(const="B"), "/kind: values were taken away"),
    "another pattern": (lambda s: prop(s, "ref").update(pattern="^A$"), "/ref: pattern is another"),
    "a new pattern": (lambda s: prop(s, "at").update(pattern="^A$"), "/at: pattern is another"),
    "another format": (lambda s: prop(s, "at").update(format="date"), "/at: format is another"),
    "a higher minimum": (lambda s: prop(s, "people").update(minimum=1), "/people: minimum rose"),
    "a lower maximum": (lambda s: prop(s, "people").update(maximum=9), "/people: maximum fell"),
    "a new limit": (lambda s: prop(s, "offices").update(minItems=1), "/offices: minItems rose"),
    "items narrowed": (lambda s: prop(s, "offices")["items"].update(pattern="^A$"), "/offices/*: pattern is another"),
    "no longer null": (lambda s: prop(s, "unit")["anyOf"].pop(), "/unit: type null became string"),
    "null alone": (lambda s: prop(s, "unit")["anyOf"].pop(0), "/unit: type string became null"),
    "names of a map": (
        lambda s: prop(s, "origins").update(patternProperties={"^A$": {}}),
        "/origins/^[0-9]+$: is gone",
    ),
    "values of a map": (
        lambda s: prop(s, "origins")["patternProperties"]["^[0-9]+$"].update(minimum=1),
        "/origins/^[0-9]+$: minimum rose",
    ),
    "a map from anything": (
        lambda s: prop(s, "open").update(patternProperties={"^A$": {}}),
        "/open: other names are allowed",
    ),
    "behind a reference": (lambda s: s["$defs"]["Choice"]["properties"].pop("given"), "/choices/*/given: is gone"),
    "closed to the unknown": (lambda s: s.update(additionalProperties=False), ": additionalProperties is another"),
    "something not understood": (lambda s: prop(s, "open").update({"not": {}}), "/open: not changed"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_a_broken_promise_is_seen(case: str) -> None:
    change, expected = BREAKS[case]
    assert expected in breaks(SCHEMA, after(change))


GROWTH: dict[str, Change] = {
    "nothing": lambda s: None,
    "a new optional field": lambda s: s["properties"].update(more={"type": "string"}),
    "a new value": lambda s: prop(s, "risk")["enum"].append("R3"),
    "values no longer listed": lambda s: prop(s, "risk").pop("enum"),
    "a pattern goes": lambda s: prop(s, "ref").pop("pattern"),
    "a lower minimum": lambda s: prop(s, "people").update(minimum=-1),
    "a maximum goes": lambda s: prop(s, "people").pop("maximum"),
    "whole numbers become numbers": lambda s: prop(s, "people").update(type="number"),
    "may be null": lambda s: s["properties"].update(at={"anyOf": [prop(s, "at"), {"type": "null"}]}),
    "another title": lambda s: s.update(title="Other", description="New words."),
    "another default": lambda s: prop(s, "open").update(default={}),
    "a part gets a name": lambda s: (
        s["$defs"].update(People=prop(s, "people")),
        s["properties"].update(people={"$ref": "#/$defs/People"}),
    ),
}


@pytest.mark.parametrize("case", GROWTH)
def test_growth_is_allowed(case: str) -> None:
    assert breaks(SCHEMA, after(GROWTH[case])) == []
