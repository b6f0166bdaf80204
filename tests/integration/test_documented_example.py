"""The documentation's smallest service does what the page says, on the real servers."""

from datetime import UTC, datetime

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from docs.examples.reading_room import Settings, service
from shared.events.case_v1 import CaseOpened
from shared.events.codec import encode
from shared.events.registry import Registry, TopicSpec, models_of
from shared.messaging.settings import Kafka
from shared.security.staff import Member
from tests.support.addresses import Addresses
from tests.support.platform import local, serving, sign_in, until

pytestmark = pytest.mark.integration

CASE = "018f0000-0000-7000-8000-000000000001"
OPENED = CaseOpened(
    occurred_at=datetime(2026, 5, 14, tzinfo=UTC),
    case_ref=CASE,
    case_no="NTT-2026-048213",
    lead="UPTD_PPA-53.71",
    manager="O-20",
)


def known() -> Registry:
    """The platform's event types, and the line of topics.yaml that the example would add."""
    types = {CaseOpened.type: ("reading-room",)}
    spec = TopicSpec(
        name="case-events", kind="own", key="case", producers=("cases",), consumers=("reading-room",), types=types
    )
    return Registry(models_of(), {spec.name: spec})


async def publish(kafka: str, topic: str) -> None:
    """The event, as cases' relay would send it."""
    admin = AIOKafkaAdminClient(**Kafka(kafka).client())
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(**Kafka(kafka).client())
    await producer.start()
    now = datetime.now(UTC)
    value = encode(OPENED, id_="event-1", source="/pulang/cases", subject=CASE, time=now, key=CASE, correlation_id="c")
    await producer.send_and_wait(topic, value, key=CASE.encode())
    await producer.send_and_wait(topic, value, key=CASE.encode())
    await producer.stop()


async def test_the_smallest_service_works_as_documented(stack: Addresses, unique: str) -> None:
    async with sign_in() as issuer:
        settings = local(Settings, stack, unique, issuer.url)
        await publish(stack.kafka_bootstrap, f"{unique}-case-events")
        async with serving(service(settings), settings, known=known()) as ours:
            for person, agency in (("O-20", "UPTD_PPA-53.71"), ("O-60", "POLRI-53")):
                await ours.employ(
                    Member(
                        id=person, agency=agency, roles=("CASE_MANAGER",), valid_from=datetime(2026, 1, 1, tzinfo=UTC)
                    )
                )
            await until(lambda: ours.rows("desks"))

            seated = await ours.http.post(
                f"/v1/desks/{CASE}/readers", headers=issuer.headers("O-20"), json={"people": 2}
            )
            assert seated.json()["readers"] == 2

            full = await ours.http.post(f"/v1/desks/{CASE}/readers", headers=issuer.headers("O-20"), json={"people": 2})
            assert (full.status_code, full.json()["code"]) == (409, "NO_SEATS_LEFT")

            hidden = await ours.http.get(f"/v1/desks/{CASE}", headers=issuer.headers("O-60"))
            absent = await ours.http.get("/v1/desks/none", headers=issuer.headers("O-60"))
            assert hidden.status_code == absent.status_code == 404

            (desk,) = await ours.rows("desks")
            assert desk["version"] == 2
            codes = sorted(row["code"] for row in await ours.rows("timeline"))
            assert codes == ["DESK_PREPARED", "READERS_SEATED"]
            outcomes = sorted(row["outcome"] for row in await ours.rows("audit"))
            assert outcomes == ["NOT_FOUND", "NOT_FOUND", "NO_SEATS_LEFT", "OK", "OK"]
