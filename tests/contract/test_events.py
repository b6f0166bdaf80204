"""The event contracts: models, topics, schemas, examples and documents say the same, and keep what was promised."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from shared.events.codec import decode
from shared.events.contracts.__main__ import ROOT, check, main, outdated
from shared.events.contracts.schemas import RELEASED, SUMS, broken_promises, release, released, schema_of, unreleased
from shared.events.envelope import EventData
from shared.events.incoming import Partition, Record
from shared.events.registry import MODULES, Registry, registry

MODELS = registry().models
TOPICS = registry().topics
TYPES = pytest.mark.parametrize("type_", sorted(MODELS))
EXAMPLES = ROOT / "shared/events/examples"
GOLDEN = sorted(EXAMPLES.glob("*/*.json"))
EACH_EXAMPLE = pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parent.name}/{path.stem}")


def loaded(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def examples_of(type_: str) -> dict[str, dict[str, Any]]:
    return {path.stem: loaded(path) for path in GOLDEN if path.parent.name == type_}


def everything_read() -> Registry:
    """The registry as it would be if one service read every type."""
    topics = {
        name: replace_types(topic, dict.fromkeys(topic.types, ("reader",))) for name, topic in registry().topics.items()
    }
    return replace(registry(), topics=topics)


def replace_types(topic: Any, types: dict[str, tuple[str, ...]]) -> Any:
    return topic.model_copy(update={"types": types})


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)


@TYPES
def test_a_type_stands_in_the_topics_that_its_model_names(type_: str) -> None:
    listed = {name for name, topic in TOPICS.items() if type_ in topic.types}
    assert listed == set(MODELS[type_].topics)
    assert listed, "a type needs a topic"


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_a_topic_names_models_and_its_own_consumers_only(name: str) -> None:
    topic = TOPICS[name]
    assert topic.types.keys() <= MODELS.keys()
    assert {reader for readers in topic.types.values() for reader in readers} <= set(topic.consumers)
    assert topic.producers


@TYPES
def test_a_type_says_when_it_happens_and_what_area_it_is_of(type_: str) -> None:
    model = MODELS[type_]
    assert (model.__doc__ or "").strip()
    assert model.__doc__ != EventData.__doc__
    assert issubclass(model, EventData)


@TYPES
def test_a_body_has_no_room_for_prose_or_for_numbers_that_no_database_keeps(type_: str) -> None:
    for part in parts(MODELS[type_].model_json_schema()):
        if part.get("type") == "string":
            assert part.keys() & {"pattern", "enum", "const", "format"}, part
        if part.get("type") == "integer":
            assert part.get("maximum", part.get("exclusiveMaximum", 2**64)) <= 2**63
            assert part.get("minimum", -(2**64)) >= -(2**63)
        assert part.get("type") != "number", "amounts and shares are whole numbers of a small unit"


@TYPES
def test_a_partner_may_send_known_fields_only(type_: str) -> None:
    closed = MODELS[type_].model_json_schema().get("additionalProperties") is False
    assert closed == all(TOPICS[name].kind == "partner" for name in MODELS[type_].topics)


@TYPES
def test_a_type_has_examples_of_the_least_and_of_all_that_it_can_say(type_: str) -> None:
    examples = examples_of(type_)
    assert {"minimal", "full"} <= examples.keys(), f"add {EXAMPLES / type_}/minimal.json and full.json"
    required = {name for name, field in MODELS[type_].model_fields.items() if field.is_required()}
    assert examples["minimal"]["data"].keys() == required
    said = {name for example in examples.values() for name, value in example["data"].items() if value is not None}
    assert said == MODELS[type_].model_fields.keys(), "a new field needs an example that has it"


@EACH_EXAMPLE
def test_an_example_is_read_on_every_topic_of_its_type(path: Path) -> None:
    example = loaded(path)
    assert path.parent.name == example["type"]
    for topic in MODELS[example["type"]].topics:
        key = example.get("partitionkey") or example["subject"]
        incoming = decode(Record(Partition(topic, 0), 0, key, path.read_bytes()), everything_read(), "reader")
        assert (incoming.refusal, incoming.pointer) == (None, None)
        assert incoming.event is not None
        assert isinstance(incoming.event.data, MODELS[example["type"]])


@EACH_EXAMPLE
def test_an_example_is_valid_by_the_schema_now_and_by_each_released_one(path: Path) -> None:
    example = loaded(path)
    schemas = [schema_of(MODELS[example["type"]])]
    schemas += [schema for type_, _, schema in released(ROOT) if type_ == example["type"]]
    for schema in schemas:
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(example["data"])


@EACH_EXAMPLE
def test_a_thin_example_carries_nothing_of_others(path: Path) -> None:
    example = loaded(path)
    ties = example.keys() & {"traceparent", "correlationid", "causationid"}
    assert not (MODELS[example["type"]].thin and ties)


def test_schemas_and_documents_are_up_to_date_and_promises_kept() -> None:
    assert check(ROOT, registry()) == []
    assert main(["check"]) == 0


def test_the_asyncapi_document_refers_to_what_is_there() -> None:
    tree = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text("utf-8"))
    references = [part["$ref"] for part in parts(tree) if "$ref" in part]
    assert len(references) > len(MODELS)
    for reference in references:
        if reference.startswith("#/"):
            node = tree
            for name in reference[2:].split("/"):
                node = node[name]
        else:
            assert (ROOT / "docs" / reference).resolve().is_file()


def test_what_is_out_of_date_is_named_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"], tmp_path) == 1
    assert "docs/events.md: not up to date" in capsys.readouterr().err
    assert main(["write"], tmp_path) == 0
    left_over = tmp_path / "shared/events/schemas/id.pulang.old.thing.happened.v1.json"
    left_over.write_text("{}")
    assert outdated(tmp_path, registry()) == [left_over.relative_to(tmp_path)]
    assert main(["write"], tmp_path) == 0
    assert main(["check"], tmp_path) == 0
    assert not left_over.exists()


def narrowed(type_: str) -> Registry:
    """The registry with one model that has lost all its fields but the first."""
    lesser = type("Lesser", (EventData,), {"type": type_, "topics": MODELS[type_].topics, "__doc__": "Less."})
    return replace(registry(), models={**MODELS, type_: lesser})


def test_a_release_is_kept_for_ever(tmp_path: Path) -> None:
    added = release(tmp_path, registry())
    assert len(added) == len(MODELS)
    assert release(tmp_path, registry()) == [], "nothing new, nothing added"
    type_ = "id.pulang.case.case.opened.v1"
    assert f"{type_} against release 1: /lead: is gone" in broken_promises(tmp_path, narrowed(type_))
    with pytest.raises(ValueError, match="/lead: is gone"):
        release(tmp_path, narrowed(type_))
    without = replace(registry(), models={name: model for name, model in MODELS.items() if name != type_})
    assert broken_promises(tmp_path, without) == [f"{type_}: released, but there is no model any more"]


def test_a_grown_type_gets_a_next_release(tmp_path: Path) -> None:
    type_ = "id.pulang.case.case.opened.v1"
    release(tmp_path, registry())
    grown = type(
        "Grown", (MODELS[type_],), {"__annotations__": {"note_ref": str | None}, "note_ref": None, "type": type_}
    )
    larger = replace(registry(), models={**MODELS, type_: grown})
    assert list(unreleased(tmp_path, larger)) == [RELEASED / f"{type_}.2.json"]
    assert release(tmp_path, larger) == [RELEASED / f"{type_}.2.json"]
    assert broken_promises(tmp_path, larger) == []
    assert [f"{type_} against release 2: /note_ref: is gone"] == broken_promises(tmp_path, registry())


@pytest.mark.parametrize("touch", ["edit", "remove", "add"])
def test_a_released_file_is_not_touched(tmp_path: Path, touch: str) -> None:
    release(tmp_path, registry())
    name = "id.pulang.case.case.opened.v1.1.json"
    path = tmp_path / RELEASED / name
    if touch == "edit":
        path.write_text(path.read_text("utf-8").replace("CaseOpened", "CaseOpen"), "utf-8")
    elif touch == "remove":
        path.unlink()
    else:
        name = "id.pulang.case.case.opened.v1.9.json"
        (path.parent / name).write_text(path.read_text("utf-8"), "utf-8")
    assert broken_promises(tmp_path, registry()) == [f"{name}: a released schema was changed"]
    assert (tmp_path / SUMS).exists()


def test_every_module_of_events_is_in_the_registry() -> None:
    present = {path.stem for path in (ROOT / "shared/events").glob("*_v[0-9]*.py")}
    assert present == set(MODULES)
