"""One process whose clock is wrong, beside others whose clock is right."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pymongo
import pytest

from deploy.local.http_probe import says_ok
from deploy.local.ports import free_ports
from deploy.local.process import Server
from deploy.local.program import Program
from deploy.local.spawner import Spawner
from shared.mongo.documents import to_document
from shared.mongo.leases import TTL_S
from shared.security.staff import Member
from tests.chaos.conftest import Site
from tests.support.addresses import Addresses
from tests.support.ledger import bell
from tests.support.oracle import seeded
from tests.support.platform import sign_in
from tests.support.wrong_clock import wrong_by

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

FIVE_MINUTES, YEAR = 300, 365 * 24 * 3600
SKEWS = pytest.mark.parametrize("seconds", [FIVE_MINUTES, -FIVE_MINUTES, YEAR], ids=["+5min", "-5min", "+1year"])
KEYS = [f"k{n}" for n in range(20)]
MANAGER = Member(
    id="O-21", agency="UPTD_PPA-53.71", roles=("CASE_MANAGER",), valid_from=datetime(2026, 1, 1, tzinfo=UTC)
)


class Leases:
    """The leases of a database as the server sees them."""

    def __init__(self, ours: Site) -> None:
        self._client = pymongo.MongoClient[dict[str, Any]](ours.addresses.mongo_uri)
        self._rows = self._client[ours.database]["leases"]

    def left_s(self) -> dict[str, float]:
        """For how many seconds of the server's time each is held."""
        left = {"$project": {"left": {"$divide": [{"$subtract": ["$expires_at", "$$NOW"]}, 1000]}}}
        return {row["_id"]: row["left"] for row in self._rows.aggregate([left])}

    def tokens(self) -> dict[str, int]:
        """How often each has changed hands."""
        return {row["_id"]: row["token"] for row in self._rows.find({"_id": {"$not": {"$regex": "^clock"}}})}


@SKEWS
async def test_leases_last_by_the_servers_time_and_order_is_kept(ours: Site, seconds: int) -> None:
    fleet = [await ours.start(batch=50, env=wrong_by(seconds)), await ours.start(batch=50)]
    for process in fleet:
        await process.ready()
    flow = asyncio.create_task(ours.publisher.flow(400, KEYS, seeded(), repeated=0.1, per_s=80))
    await asyncio.sleep(2)
    leases = Leases(ours)
    before = leases.tokens()
    await flow
    counts = await ours.oracle.judge(ours.publisher.journal, 60)
    assert counts["timeline"] == 400
    assert all(process.alive for process in fleet)
    assert before and leases.tokens() == before, "nobody lost a lease to whoever reads another time"
    assert all(left <= TTL_S for left in leases.left_s().values())
    assert any(left > 0 for left in leases.left_s().values())


@SKEWS
async def test_deadlines_are_left_to_a_process_whose_clock_is_right(ours: Site, seconds: int) -> None:
    wrong = await (await ours.start(role="clock", env=wrong_by(seconds))).ready()
    with pymongo.MongoClient[dict[str, Any]](ours.addresses.mongo_uri) as client:
        database = client[ours.database]
        database.timers.insert_many([to_document(bell("a")), to_document(bell("b", in_s=120))])
        await until_printed(wrong, "clocks_disagree")
        assert database.accounts.find_one() is None
        await (await ours.start(role="clock")).ready()
        async with asyncio.timeout(20):
            while database.accounts.find_one({"_id": "a"}) is None:
                await asyncio.sleep(0.1)
        assert database.accounts.find_one({"_id": "b"}) is None


async def until_printed(process: Any, words: str) -> None:
    async with asyncio.timeout(20):
        while words not in process.printed():
            await asyncio.sleep(0.1)


@asynccontextmanager
async def cases_wrong_by(seconds: int, settings: dict[str, str], logs: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The interface of cases as a process of its own, with one member of staff."""
    spawner, url = Spawner(), f"http://127.0.0.1:{settings['http_port']}"
    environment = {f"PULANG_CASES_{name.upper()}": value for name, value in settings.items()} | dict(wrong_by(seconds))
    program = Program([sys.executable, "-m", "services.cases", "api"], environment)
    ready = partial(says_ok, f"{url}/health/ready")
    server = Server("cases-api", url.removeprefix("http://"), program, logs / "cases-api.log", ready, spawner)
    server.spawn()
    try:
        await asyncio.to_thread(server.wait_until_ready)
        with pymongo.MongoClient[dict[str, Any]](settings["mongo_uri"]) as client:
            client[settings["mongo_database"]].staff.insert_one(to_document(MANAGER))
        async with httpx.AsyncClient(base_url=url) as http:
            yield http
    finally:
        server.stop()
        spawner.close()


@pytest.mark.parametrize(
    ("seconds", "answer"),
    [
        (50, (200, None)),
        (-50, (200, None)),
        (FIVE_MINUTES, (401, "TOKEN_EXPIRED")),
        (-FIVE_MINUTES, (401, "TOKEN_INVALID")),
        (YEAR, (401, "TOKEN_EXPIRED")),
    ],
)
async def test_tokens_bear_a_minutes_difference_and_no_more(
    stack: Addresses, unique: str, tmp_path: Path, seconds: int, answer: tuple[int, str | None]
) -> None:
    async with sign_in() as signing:
        settings = {
            "local": "true",
            "mongo_uri": stack.mongo_uri,
            "mongo_database": f"{unique}_cases",
            "kafka_bootstrap": stack.kafka_bootstrap,
            "http_port": str(free_ports(1)[0]),
            "issuer": signing.url,
            "jwks_url": f"{signing.url}/jwks",
        }
        async with cases_wrong_by(seconds, settings, tmp_path) as http:
            token = signing.issuer.mint("O-21", lifetime_s=200)
            got = await http.get("/v1/cases", headers={"Authorization": f"Bearer {token}"})
    assert (got.status_code, got.json().get("code")) == answer
