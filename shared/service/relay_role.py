"""The relay role: events out."""

from shared.events.staff_v1 import DirectoryPulsed
from shared.http.ports import Check
from shared.messaging.pulse import Pulse
from shared.messaging.relay import Relay, RelaySettings
from shared.service.runtime import Runtime
from shared.service.tasks import Task, stoppable, well


def relay(runtime: Runtime, checks: dict[str, Check]) -> dict[str, Task]:
    """Sends the outbox to the brokers."""
    sender = Relay(
        runtime.kafka,
        RelaySettings(name=runtime.name, shards=tuple(range(runtime.settings.outbox_shards))),
        outbox=runtime.outbox,
        leases=runtime.leases,
        metrics=runtime.metrics,
        probe=runtime.probe,
    )
    checks["relay"] = well(sender.check)
    return {"relay": stoppable(sender), **_pulse(runtime)}


def _pulse(runtime: Runtime) -> dict[str, Task]:
    """The service that owns the staff directory says how fresh its topic is."""
    topics = [t for t in runtime.registry.topics.values() if t.pulse and runtime.name in t.producers]
    if not topics:
        return {}
    return {"pulse": Pulse(runtime.kafka, runtime.name, topics, DirectoryPulsed, runtime.outbox).run}
