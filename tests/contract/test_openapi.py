"""What the OpenAPI documents promise: for every route an example that works, and every refusal that can come.

The routes are those that the services declare, so that a new one is held to the same.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter

from deploy.docs import openapi
from shared.events.codec import decode
from shared.events.envelope import BATCH_CONTENT_TYPE, CONTENT_TYPE
from shared.events.incoming import Partition, Record
from shared.events.registry import registry
from shared.http.body import parse_body
from shared.http.documents import answer_model
from shared.http.examples import example_of
from shared.http.masking import plan_of
from shared.http.specs import WRITING, Misdeclared, RouteSpec, Style
from shared.security.policy.classes import DataClass
from tests.architecture.test_house import every_route

ROUTES = [(service.name, spec) for service, spec in every_route()]
IDS = [f"{service} {spec.method} {spec.path}" for service, spec in ROUTES]

NOBODY = re.compile(
    r"[VO]-\d{3}|\d{4}99\d{10}|X0000000|\+62 000 0000 0000|Catatan tentang V-020\.|[A-Z][A-Z0-9_]+"
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d(T[\d:+]+)?|\d\d\.\d\d|BP3-777|dawan|Diduga korban"
)
"""What an example may say of a person: references of the story, a number of a kecamatan that is none, codes, days."""

SECRET = {DataClass.C3, DataClass.C4, DataClass.C5}


@cache
def document(service: str) -> dict[str, Any]:
    """The service's document, as it is written to `docs/openapi`."""
    found: dict[str, Any] = json.loads(openapi(service))
    return found


def operation(service: str, spec: RouteSpec) -> dict[str, Any]:
    found: dict[str, Any] = document(service)["paths"][spec.path][spec.method.lower()]
    return found


def check(service: str, content: dict[str, Any], value: Any) -> None:
    """Raise where the value does not fit the published schema."""
    schema = {**content["schema"], "components": document(service)["components"]}
    Draft202012Validator(schema).validate(value)


def refusals(service: str, spec: RouteSpec) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Each documented refusal: its status, its content, and the examples."""
    for status, answer in operation(service, spec)["responses"].items():
        if int(status) >= 400:
            content = answer["content"]["application/problem+json"]
            names = [each["$ref"].rpartition("/")[2] for each in content["examples"].values()]
            yield int(status), content, {n: document(service)["components"]["examples"][n]["value"] for n in names}


@pytest.mark.parametrize(("service", "spec"), [r for r in ROUTES if r[1].body], ids=lambda v: getattr(v, "path", v))
def test_the_example_of_a_body_is_one_that_the_route_takes(service: str, spec: RouteSpec) -> None:
    content = operation(service, spec)["requestBody"]["content"]["application/json"]
    check(service, content, content["example"])
    assert spec.body
    parse_body(json.dumps(content["example"]).encode(), spec.body)


@pytest.mark.parametrize(
    ("service", "spec"), [r for r in ROUTES if r[1].for_systems], ids=lambda v: getattr(v, "path", v)
)
def test_the_example_of_an_inbox_is_an_event_that_it_takes(service: str, spec: RouteSpec) -> None:
    content = operation(service, spec)["requestBody"]["content"]
    event, batch = content[CONTENT_TYPE]["example"], content[BATCH_CONTENT_TYPE]["example"]
    assert batch == [event]
    topic = "partner-" + event["source"].rpartition("/")[2]
    record = Record(Partition(topic, 0), 0, event["subject"], json.dumps(event).encode())
    assert decode(record, registry(), service).event is not None


@pytest.mark.parametrize(("service", "spec"), ROUTES, ids=IDS)
def test_the_example_of_an_answer_is_one_that_the_route_could_give(service: str, spec: RouteSpec) -> None:
    content = operation(service, spec)["responses"][str(spec.status)]["content"]["application/json"]
    check(service, content, content["example"])
    TypeAdapter(answer_model(spec)).validate_json(json.dumps(content["example"]))


def expected(spec: RouteSpec) -> set[int]:
    """The statuses that the runtime can answer such a route with."""
    always = {400, 401, 403, 422, 429, 503}
    unknown = {404} if spec.on or spec.style is Style.COMMAND else set()
    body = {408, 413, 415} if spec.body or spec.for_systems else set()
    illegal = {409} if spec.style in WRITING else set()
    return always | unknown | body | illegal | ({412, 428} if spec.if_match else set())


@pytest.mark.parametrize(("service", "spec"), ROUTES, ids=IDS)
def test_every_refusal_that_can_come_is_documented_with_an_example(service: str, spec: RouteSpec) -> None:
    documented = {status: (content, examples) for status, content, examples in refusals(service, spec)}
    assert set(documented) == expected(spec)
    for status, (content, examples) in documented.items():
        assert examples
        for code, example in examples.items():
            check(service, content, example)
            assert (example["status"], example["code"]) == (status, code)


def texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def secrets(model: type[BaseModel], value: Any) -> Iterator[str]:
    """The texts of an example that stand in fields of identity or sensitive data."""
    for each in plan_of(model):
        inner = value.get(each.name)
        if each.part is None and each.data_class in SECRET:
            yield from texts(inner)
        elif each.part is not None:
            for part in inner if isinstance(inner, list) else [inner] if inner else []:
                yield from secrets(each.part, part)


@pytest.mark.parametrize(("service", "spec"), ROUTES, ids=IDS)
def test_no_example_is_about_anybody(service: str, spec: RouteSpec) -> None:
    found = operation(service, spec)
    answer = found["responses"][str(spec.status)]["content"]["application/json"]["example"]
    said = list(secrets(spec.model, answer if answer_model(spec) is spec.model else answer["items"][0]))
    if spec.body:
        said += secrets(spec.body, found["requestBody"]["content"]["application/json"]["example"])
    assert [text for text in said if not NOBODY.fullmatch(text)] == []


@pytest.mark.parametrize("service", ["intake", "cases", "notify"])
def test_every_long_number_of_a_document_belongs_to_the_kecamatan_that_is_none(service: str) -> None:
    numbers = re.findall(r"(?<!\d)\d{16}(?!\d)", openapi(service))
    assert [number for number in numbers if number[4:6] != "99"] == []


def test_a_field_without_an_example_cannot_be_published() -> None:
    class Nameless(BaseModel):
        full_name: str

    with pytest.raises(Misdeclared, match="/full_name has no example"):
        example_of(Nameless.model_json_schema(), {})
