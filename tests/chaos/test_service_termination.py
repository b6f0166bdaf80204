"""F21 on the real services: each is told to stop ten times over, under load over HTTP and from topics.

Told to stop, a process answers what it has begun or says 503, leaves its group without waiting for the poll, and gives
its leases up at once. A request that it did not answer is repeated under its key at the next process: it counts once.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import AsyncMongoClient

from shared.events.registry import registry
from shared.kernel.clock import system_clock
from shared.kernel.ids import new_id
from shared.mongo.documents import to_document
from tests.support.addresses import Addresses
from tests.support.declared_topics import declared_topics
from tests.support.intake import MANAGER, POSKO, STAFF, member
from tests.support.oracle import Oracle, seeded
from tests.support.platform import SignIn, sign_in
from tests.support.processes import LedgerProcess
from tests.support.service_processes import SERVICES, Services

pytestmark = [pytest.mark.integration, pytest.mark.chaos, pytest.mark.timeout(420)]

ROUNDS = 10
GRACE_S = 10.0
TAKEOVER_S = 1.0
AT_ONCE = 6
READS = {"cases": "/v1/cases", "notify": "/v1/inbox"}
ANSWERS = {200, 201, 503}


@dataclass
class Load:
    """What people do meanwhile. Whoever gets no answer, or a 503, asks again."""

    services: Services
    signing: SignIn
    http: httpx.AsyncClient
    mongo: AsyncMongoClient[dict[str, Any]]
    keys: list[str] = field(default_factory=list)
    """One for each stop that was to be recorded; all of them were, in the end."""
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def go_on(self) -> None:
        """A steady trickle on all three services, until told that it is enough."""
        while not self.enough.is_set():
            await asyncio.gather(*(self.once(service) for service in SERVICES), asyncio.sleep(0.5))

    async def once(self, service: str) -> None:
        """One request of somebody who does not give up."""
        await (self.record() if service == "intake" else self.read(service))

    async def record(self) -> None:
        """A stop with two people."""
        key, refs = new_id(), [new_id(), new_id(), new_id()]
        self.keys.append(key)
        people = [{"ref": ref, "kabupaten": "53.02"} for ref in refs[1:]]
        stop = {"ref": refs[0], "checkpoint": "KOE", "destination": "MY", "legal_basis": "UU18_2017_ART40"}
        body = {**stop, "occurred_at": system_clock().isoformat(), "people": people}
        await self._insist("intake", POSKO, "POST", "/v1/interdictions", {"Idempotency-Key": key}, body)

    async def read(self, service: str) -> None:
        """What a case manager looks at."""
        await self._insist(service, MANAGER, "GET", READS[service], {}, None)

    async def _insist(self, service: str, who: str, method: str, path: str, more: dict[str, str], body: object) -> None:
        """A connection may end before anybody has read the request; a request that was begun is answered."""
        until, cut = time.monotonic() + 60, False
        while time.monotonic() < until:
            url, headers = self.services.address(service) + path, self._headers(who, more)
            try:
                answer = await self.http.request(method, url, headers=headers, json=body)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                cut = True
            else:
                assert answer.status_code in ANSWERS, f"{service}: {answer.status_code} {answer.text[:300]}"
                if answer.status_code != 503:
                    assert not (cut and "idempotency-replayed" in answer.headers), "it was done, and nobody was told"
                    return
            await asyncio.sleep(0.2)
        raise AssertionError(f"{service} did not answer for a minute")

    def _headers(self, who: str, more: dict[str, str]) -> dict[str, str]:
        # A connection each: on a kept one, the end of the connection and a new request may cross.
        return self.signing.headers(who) | {"Connection": "close"} | more


@asynccontextmanager
async def installation(stack: Addresses, unique: str, logs: Path) -> AsyncIterator[Load]:
    """The three services, staff that all of them know, and a client."""
    async with (
        declared_topics(stack, unique),
        sign_in() as signing,
        AsyncMongoClient[dict[str, Any]](stack.mongo_uri) as mongo,
        httpx.AsyncClient(timeout=30) as http,
    ):
        services = Services(stack, unique, signing.url, logs)
        staff = [to_document(member(person, *place)) for person, place in STAFF.items()]
        try:
            for service in SERVICES:
                await mongo[services.database(service)]["staff"].insert_many(staff)
                services.serving[service] = await services.start(service)
            yield Load(services, signing, http, mongo)
        finally:
            await services.end()


async def test_each_service_told_to_stop_under_load_leaves_in_order_and_nothing_is_lost_or_done_twice(
    stack: Addresses, unique: str, tmp_path: Path
) -> None:
    rng = seeded()
    async with installation(stack, unique, tmp_path) as load:
        trickle = asyncio.create_task(load.go_on())
        for number in range(ROUNDS):
            service = SERVICES[number % len(SERVICES)]
            heir = await load.services.start(service)
            await asyncio.sleep(rng.uniform(0.0, 0.5))  # sometimes in the middle of the rebalance
            burst = [asyncio.create_task(load.once(service)) for _ in range(AT_ONCE)]
            await asyncio.sleep(rng.uniform(0.0, 0.1))
            await leaves(load, service, load.services.serving[service], heir)
            await asyncio.gather(*burst)
            assert not trickle.done(), trickle.result()
        load.enough.set()
        await trickle
        await every_stop_counts_once(load)
        for service in SERVICES:
            await load.services.serving[service].terminate(GRACE_S)
            await nothing_to_repeat(load, stack, service)


async def leaves(load: Load, service: str, old: LedgerProcess, heir: LedgerProcess) -> None:
    """It ends with 0 in time, and the relay's leases are the other's within a second."""
    before = await holders(load, service)
    assert before, "nobody relays"
    load.services.serving[service] = heir
    took = await old.terminate(GRACE_S)
    began = time.monotonic()
    while any(holder == before.get(lease) for lease, holder in (await holders(load, service)).items()):
        assert time.monotonic() - began < TAKEOVER_S, f"{service}: leases were not taken over: {before}"
        await asyncio.sleep(0.02)
    print(f"{service} left after {took:.2f} s, taken over {time.monotonic() - began:.2f} s later")


async def holders(load: Load, service: str) -> dict[str, str]:
    """Who holds which of the relay's leases."""
    rows = load.mongo[load.services.database(service)]["leases"].find({"_id": {"$regex": f"^{service}/"}})
    return {row["_id"]: row["holder"] for row in await rows.to_list()}


async def every_stop_counts_once(load: Load) -> None:
    """As many stops as there were, whoever was told to stop in between; and whoever waits has them in the end."""
    intake = load.mongo[load.services.database("intake")]
    assert await intake["interdictions"].count_documents({}) == len(load.keys)
    assert await intake["subjects"].count_documents({}) == 2 * len(load.keys)
    until = time.monotonic() + 60
    while await intake["outbox"].count_documents({}):
        assert time.monotonic() < until, "the outbox does not drain"
        await asyncio.sleep(0.1)
    inbox = load.mongo[load.services.database("notify")]["inbox"]
    while (applied := await inbox.count_documents({"_id": {"$regex": r"\|intake-events\|"}})) < 3 * len(load.keys):
        assert time.monotonic() < until, f"notify has {applied} events of {3 * len(load.keys)}"
        await asyncio.sleep(0.1)
    assert applied == 3 * len(load.keys)


async def nothing_to_repeat(load: Load, stack: Addresses, service: str) -> None:
    """The group's offsets stand where the effects do: an orderly way out leaves nothing to be delivered again."""
    database, topics = load.services.database(service), registry().consumed_by(service)
    oracle = Oracle(stack.mongo_uri, database, stack.kafka_bootstrap, f"{load.services.unique}-", topics, (), service)
    rows = await load.mongo[database]["progress"].find().to_list()
    assert await oracle.committed() == {row["_id"]: row["next"] for row in rows}
