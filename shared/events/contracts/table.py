"""The table of events for people: what is said, where, by whom, to whom, and when."""

from shared.events.envelope import EventData
from shared.events.reasons import Reason
from shared.events.registry import Registry, TopicSpec

_HEAD = """<!-- Written by `python -m shared.events.contracts write`; not edited by hand. -->
# Events

CloudEvents 1.0 in structured JSON. A body holds codes, references, counts and times, never a name, an address or prose.
`data.occurred_at` is when something happened in the world, `time` when it was recorded. Within a major version fields
are only ever added; a new major version is a new type, published beside the old one for a retention. Schemas are in
[`shared/events/schemas`](../shared/events/schemas), one golden example or more of each in
[`shared/events/examples`](../shared/events/examples), and all channels in [`asyncapi.yaml`](asyncapi.yaml).
"""
_COLUMNS = "\n| type | key | producer | consumers | when |\n|---|---|---|---|---|\n"


def page(registry: Registry) -> str:
    """The page in Markdown: one table for each topic, and the reasons for which a message is refused."""
    return _HEAD + "".join(_section(topic, registry) for topic in registry.topics.values()) + _reasons()


def _section(topic: TopicSpec, registry: Registry) -> str:
    kept = "the latest of each key" if topic.compacted else f"{topic.retention_days} days"
    models = [registry.models[type_] for type_ in topic.types if type_ in registry.models]
    rows = "".join(_row(model, topic) for model in models)
    return f"\n## {topic.name}\n\nKept: {kept}. Partitions: {topic.partitions}.\n{_COLUMNS}{rows}"


def _row(model: type[EventData], topic: TopicSpec) -> str:
    consumers = ", ".join(topic.types[model.type]) or "–"
    when = " ".join((model.__doc__ or "").split()).replace("|", "\\|")
    return f"| `{model.type}` | {topic.key} | {', '.join(topic.producers)} | {consumers} | {when} |\n"


def _reasons() -> str:
    rows = "".join(f"| `{reason}` | {reason.meaning} |\n" for reason in Reason)
    return f"\n## Why a message is refused\n\nThe first fault found is named.\n\n| code | meaning |\n|---|---|\n{rows}"
