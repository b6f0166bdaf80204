"""The floor of the consumer: aiokafka and Motor by hand, the same five bulk writes in one transaction per batch, and
no validation, no rules, no hashing, no claims."""

import time
from datetime import UTC, datetime

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from pymongo import UpdateOne

from bench.compare import Round
from bench.tally import PARTITIONS, Bench, database, written
from shared.messaging.settings import ConsumerSettings, Kafka
from shared.mongo.client import MAJORITY, Mongo


async def consume(bench: Bench, events: int, batch: int) -> Round:
    """Events per second, from the first poll that brings something to the last commit."""
    settings = ConsumerSettings(group="floor", topics=("x",), max_records=batch)
    options = {**settings.client(), "auto_offset_reset": "earliest"}
    consumer = AIOKafkaConsumer(**Kafka(bench.kafka).client(), group_id=bench.fresh(), **options)
    consumer.assign([TopicPartition(bench.topic, n) for n in range(PARTITIONS)])
    await consumer.start()
    done, started = 0, 0.0
    async with database(bench, bench.fresh()) as mongo:
        try:
            while done < events:
                polled = await consumer.getmany(timeout_ms=200, max_records=batch)
                records = [record for records in polled.values() for record in records]
                if records:
                    started = started or time.perf_counter()
                    await save(mongo, [orjson.loads(record.value) for record in records])
                    await consumer.commit({tp: batch_[-1].offset + 1 for tp, batch_ in polled.items()})
                    done += len(records)
            return Round(done / (time.perf_counter() - started), await written(mongo))
        finally:
            await consumer.stop()


async def save(mongo: Mongo, events: list[dict]) -> None:  # type: ignore[type-arg]
    """The five writes of each event, in bulk."""
    now = datetime.now(UTC)
    async with await mongo.client.start_session() as session, session.start_transaction(write_concern=MAJORITY):
        states = [
            UpdateOne({"_id": e["subject"]}, {"$inc": {"count": 1, "total": e["data"]["amount"]}}, upsert=True)
            for e in events
        ]
        await mongo.collection("tallies").bulk_write(states, ordered=False, session=session)
        for name, rows in rows_of(events, now).items():
            await mongo.collection(name).insert_many(rows, session=session)


def rows_of(events: list[dict], now: datetime) -> dict[str, list[dict]]:  # type: ignore[type-arg]
    """Rows of the same size as ours."""
    inbox, timeline, audit, outbox = [], [], [], []
    for e in events:
        key, id_ = e["subject"], e["id"]
        inbox.append({"_id": f"tally|t|{id_}", "cause_id": id_, "digest": b"0" * 32, "outcome": "APPLIED", "at": now})
        timeline.append(
            {
                "_id": f"{key}|{id_}",
                "about": key,
                "version": 1,
                "code": "COUNTED",
                "detail": {"amount": 1},
                "occurred_at": now,
            }
            | {"recorded_at": now, "actor": None, "cause_id": id_, "correlation_id": key}
        )
        audit.append(
            {
                "_id": id_,
                "at": now,
                "action": e["type"],
                "outcome": "OK",
                "actor": None,
                "channel": "t",
                "target_kind": "Tally",
            }
            | {"target_ref": key, "cause_id": id_, "correlation_id": key, "traceparent": None}
        )
        value = orjson.dumps({**e, "data": {"occurred_at": now, "tally_ref": key, "total": 1}})
        outbox.append(
            {"_id": id_, "shard": 0, "topic": "tally-reports", "key": key, "sequence": 1, "value": value, "at": now}
        )
    return {"inbox": inbox, "timeline": timeline, "audit": audit, "outbox": outbox}
