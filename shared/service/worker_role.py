"""The worker role: topics in."""

from shared.http.ports import Check
from shared.messaging.consumer import Consumer
from shared.messaging.settings import ConsumerSettings
from shared.mongo.releasing import Releaser
from shared.service.purging import Purger
from shared.service.runtime import Runtime
from shared.service.tasks import Task, stoppable, well


def worker(runtime: Runtime, checks: dict[str, Check]) -> dict[str, Task]:
    """Consumes the service's topics, releases parked keys, deletes what partners should not have sent."""
    settings = runtime.settings
    topics = runtime.registry.consumed_by(runtime.name)
    if not topics:
        return {}
    consumer = Consumer(
        runtime.kafka,
        ConsumerSettings(
            group=runtime.name,
            topics=tuple(topics),
            budgets=runtime.budgets,
            max_records=settings.consumer_batch,
            session_timeout_s=settings.consumer_session_timeout_s,
        ),
        lane=runtime.lane,
        decode=runtime.decode,
        metrics=runtime.metrics,
        waiting=lambda: runtime.lane.waiting,
        probe=runtime.probe,
        clock=runtime.clock,
    )
    kinds = frozenset(kind.collection for kind in runtime.service.kinds)
    checks["consumer"] = well(consumer.check)
    releaser = Releaser(runtime.lane, runtime.decode, kinds)
    return {"consumer": stoppable(consumer), "releaser": releaser.run, "purger": Purger(runtime).run}
