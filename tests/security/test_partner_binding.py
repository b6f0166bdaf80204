"""A partner speaks on its own topic, for itself, about its own work: whatever else it writes is refused."""

import json
from collections.abc import Iterator
from importlib import resources

import pytest

from services.cases.workflows import workflow_for
from shared.events.codec import decode
from shared.events.incoming import Partition, Record
from shared.events.reasons import Reason
from shared.events.registry import TopicSpec, registry

TOPICS = [spec for spec in registry().topics.values() if spec.kind == "partner"]
OURS_ALONE = {"correlationid", "causationid", "traceparent", "epoch", "sequence", "partitionkey"}
SERVICES = ("intake", "cases", "notify")


def golden(type_: str) -> dict[str, object]:
    """A valid event of a type, as its example in the repository has it."""
    file = resources.files("shared.events").joinpath("examples", type_, "full.json")
    tree: dict[str, object] = json.loads(file.read_text("utf-8"))
    return tree


def read(topic: TopicSpec, tree: dict[str, object], service: str = "cases") -> tuple[bool, Reason | None]:
    """Whether it becomes an event for the service, and why not."""
    key = str(tree.get("partitionkey", "k"))
    incoming = decode(Record(Partition(topic.name, 0), 7, key, json.dumps(tree).encode()), registry(), service)
    return incoming.event is not None, incoming.refusal


def sources() -> Iterator[str]:
    """All that an event's source could claim to be."""
    writers = {producer for spec in registry().topics.values() for producer in spec.producers}
    for name in (*sorted(writers), "LPSK", "", "nobody", "lpsk/../police", "*"):
        yield from (f"/partner/{name}", f"/pulang/{name}", f"/partner//{name}", f"/{name}")


@pytest.mark.parametrize("topic", TOPICS, ids=lambda spec: spec.name)
def test_on_a_partners_topic_its_own_source_and_no_other_is_accepted(topic: TopicSpec) -> None:
    (own,) = topic.producers
    for type_ in topic.types:
        taken = [source for source in sources() if read(topic, golden(type_) | {"source": source})[0]]
        assert taken == [f"/partner/{own}"]


@pytest.mark.parametrize("topic", TOPICS, ids=lambda spec: spec.name)
def test_on_a_partners_topic_no_other_writers_type_is_accepted(topic: TopicSpec) -> None:
    (own,) = topic.producers
    for type_ in sorted(set(registry().models) - set(topic.types)):
        for service in SERVICES:
            tree = {name: value for name, value in golden(type_).items() if name not in OURS_ALONE}
            accepted, refusal = read(topic, tree | {"source": f"/partner/{own}"}, service)
            assert (accepted, refusal) == (False, Reason.TYPE_NOT_ALLOWED)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda spec: spec.name)
def test_what_a_partner_may_say_moves_that_agencys_files_alone(topic: TopicSpec) -> None:
    assert {workflow_for(type_).agency for type_ in topic.types} == {topic.partner}
    assert not [other.name for other in TOPICS if other is not topic and set(other.types) & set(topic.types)]


@pytest.mark.parametrize("topic", TOPICS, ids=lambda spec: spec.name)
def test_a_partners_word_on_our_own_topics_is_not_heard(topic: TopicSpec) -> None:
    (own,) = topic.producers
    for ours in registry().topics.values():
        if ours.kind == "partner":
            continue
        for type_ in (*topic.types, *ours.types):
            if type_ in registry().models:
                assert not read(ours, golden(type_) | {"source": f"/partner/{own}"})[0]
