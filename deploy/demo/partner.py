"""A partner agency's own system: it writes its topic with a plain Kafka client, and reads the one meant for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from deploy.demo.topics import read_topic
from deploy.local.plan import Plan
from shared.messaging.settings import Kafka


@dataclass
class Partner:
    """`name` is what its topics are called after: `lpsk`, `bp2mi` or `police`."""

    name: str
    plan: Plan

    async def tell(self, fact: str, id_: str, moment: datetime, **data: Any) -> None:
        """Publish one fact about its own file, as CloudEvents say; `fact` is for example `return.arrived`."""
        number = str(data["foreign_no"])
        message = self._message(fact, id_, moment, number, {"occurred_at": moment.isoformat(), **data})
        async with AIOKafkaProducer(**Kafka(self.plan.partner(self.name)).client(), acks="all") as producer:
            await producer.send_and_wait(self._topic("partner"), message, key=number.encode())

    async def pointers(self) -> list[dict[str, Any]]:
        """Everything on the topic that the platform keeps for this agency, as it stands there."""
        read = await read_topic(self.plan.partner(self.name), self._topic("agency"))
        return [orjson.loads(message.value) for message in read]

    def _topic(self, kind: str) -> str:
        return f"{self.plan.prefix}{kind}-{self.name}"

    def _message(self, fact: str, id_: str, moment: datetime, subject: str, data: Mapping[str, Any]) -> bytes:
        return orjson.dumps(
            {
                "specversion": "1.0",
                "id": id_,
                "source": f"/partner/{self.name}",
                "type": f"id.pulang.{self.name}.{fact}.v1",
                "subject": subject,
                "time": moment.isoformat(),
                "datacontenttype": "application/json",
                "data": data,
            }
        )
