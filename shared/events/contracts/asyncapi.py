"""The AsyncAPI 3.0 document (asyncapi/spec): channels, who sends and who receives, and every message."""

from typing import Any

import yaml

from shared.events.contracts.schemas import SCHEMAS
from shared.events.envelope import CONTENT_TYPE, Envelope, EventData
from shared.events.registry import Registry, TopicSpec

Node = dict[str, Any]

_DAY_MS = 86_400_000
_HEADING = "# Written by `python -m shared.events.contracts write`; not edited by hand.\n"


def document(registry: Registry) -> str:
    """The whole document as YAML."""
    tree = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Pulang: events",
            "version": "1.0.0",
            "description": "What the services tell each other and the partner agencies. CloudEvents 1.0, structured "
            "JSON. Bodies hold codes, references, counts and times; never a name, an address or prose.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {topic.name: _channel(topic, registry) for topic in registry.topics.values()},
        "operations": {
            name: node for topic in registry.topics.values() for name, node in _operations(topic, registry).items()
        },
        "components": {
            "messages": {model.__name__: _message(model) for model in registry.models.values()},
            "schemas": {"Envelope": _envelope_schema()},
        },
    }
    return _HEADING + yaml.dump(tree, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=118)


class _Plain(yaml.SafeDumper):
    """Repeats what is equal instead of writing YAML anchors, which few readers of AsyncAPI follow."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def messages_of(topic: TopicSpec, registry: Registry) -> list[type[EventData]]:
    """The models that a topic carries, in the order in which it lists them."""
    return [registry.models[type_] for type_ in topic.types if type_ in registry.models]


def _channel(topic: TopicSpec, registry: Registry) -> Node:
    cleanup = {"cleanup.policy": ["compact"]} if topic.compacted else {"retention.ms": topic.retention_days * _DAY_MS}
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}.",
        "messages": {m.__name__: {"$ref": f"#/components/messages/{m.__name__}"} for m in messages_of(topic, registry)},
        "bindings": {"kafka": {"partitions": topic.partitions, "topicConfiguration": cleanup}},
    }


def _operations(topic: TopicSpec, registry: Registry) -> dict[str, Node]:
    models = messages_of(topic, registry)
    sends = {f"{who}-sends-{topic.name}": _operation("send", topic, models) for who in topic.producers}
    receives = {
        f"{who}-receives-{topic.name}": _operation(
            "receive", topic, [model for model in models if who in topic.types[model.type]]
        )
        for who in topic.consumers
    }
    return sends | receives


def _operation(action: str, topic: TopicSpec, models: list[type[EventData]]) -> Node:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{model.__name__}"} for model in models],
    }


def _message(model: type[EventData]) -> Node:
    return {
        "name": model.type,
        "summary": " ".join((model.__doc__ or "").split()),
        "contentType": CONTENT_TYPE,
        "headers": {"type": "object", "properties": {"content-type": {"const": CONTENT_TYPE}}},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": model.type},
                        "data": {"$ref": f"../{SCHEMAS}/{model.type}.json"},
                    },
                },
            ]
        },
        "bindings": {"kafka": {"key": {"type": "string"}}},
    }


def _envelope_schema() -> Node:
    schema = Envelope.model_json_schema()
    return {name: schema[name] for name in ("description", "type", "required", "properties")}
