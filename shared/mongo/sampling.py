"""What nobody counts while it happens: how full the outbox and the parking lot are."""

import contextlib

from pymongo.errors import PyMongoError

from shared.kernel.clock import Clock
from shared.mongo.client import Mongo
from shared.mongo.outbox import MongoOutbox
from shared.mongo.parking import HEADS
from shared.observability.metrics import Metrics


async def sample(mongo: Mongo, metrics: Metrics, clock: Clock) -> None:
    """Set the gauges once; without a database they keep their last values."""
    with contextlib.suppress(PyMongoError):
        status = await MongoOutbox(mongo).status()
        metrics.outbox_rows.set(status["rows"])
        metrics.outbox_age.set((clock() - status["oldest"]).total_seconds() if status["oldest"] else 0.0)
        by_topic = mongo.collection(HEADS).aggregate([{"$group": {"_id": "$topic", "rows": {"$sum": "$count"}}}])
        rows = await by_topic.to_list(None)
        metrics.parked.clear()  # a topic whose last row is gone has no row here
        for row in rows:
            metrics.parked.labels(row["_id"]).set(row["rows"])
