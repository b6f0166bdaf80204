"""Deletes what a partner should not have sent: after the dead letter is durable, its record leaves the topic too.

Kafka deletes up to an offset, so everything before our saved progress goes, which is dealt with; a partner's topic has
no other reader. Copies that a broker's back-up may hold are beyond this.
"""

import asyncio
from collections import defaultdict

import structlog

from shared.messaging.topics import KafkaRefused, topic_admin
from shared.mongo.releasing import wait
from shared.mongo.transaction import not_now
from shared.mongo.unreadable import Unreadable, left_on, mark_purged
from shared.service.runtime import Runtime

log = structlog.get_logger(__name__)

SWEEP_S = 2.0


class Purger:
    """The worker's task. Doing it twice, or from two workers at once, does no harm."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        specs = (runtime.registry.topics[name] for name in runtime.registry.consumed_by(runtime.name))
        self._specs = {spec.name: spec for spec in specs if spec.kind == "partner" and len(spec.consumers) == 1}

    async def run(self, stop: asyncio.Event) -> None:
        """Look each two seconds until told to stop; what fails is tried again."""
        while self._specs and not stop.is_set():
            try:
                await self.sweep()
            except KafkaRefused as error:
                log.warning("purge_postponed", error=str(error))
            except Exception as error:
                if not_now(error) is None:
                    raise
                log.warning("purge_postponed", error=type(error).__name__)
            await wait(stop, SWEEP_S)
        await stop.wait()

    async def sweep(self) -> None:
        """Delete what lies there now."""
        runtime = self._runtime
        left = await left_on(runtime.mongo, runtime.name, self._specs.keys())
        if left.ids:
            await self._purge(left)
            await mark_purged(runtime.mongo, left.ids)
            log.info("purged", records=len(left.ids))

    async def _purge(self, left: Unreadable) -> None:
        offsets: dict[str, dict[int, int]] = defaultdict(dict)
        for place, position in left.positions.items():
            offsets[place.topic][place.number] = position
        async with topic_admin(self._runtime.kafka) as admin:
            for topic, until in offsets.items():
                await admin.purge(self._specs[topic], until)
