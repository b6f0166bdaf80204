"""Services in this process, on the real servers: for tests that go through HTTP and topics."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from deploy.local.issuer import Issuer, make_app, new_key
from shared.events.registry import Registry, registry
from shared.kernel.ids import new_id
from shared.messaging.settings import Kafka
from shared.mongo.documents import to_document
from shared.security.staff import Member
from shared.service.definition import Role, Service
from shared.service.roles import running
from shared.service.runtime import Runtime, open_runtime
from shared.service.settings import ServiceSettings


@dataclass
class SignIn:
    """A development issuer that listens."""

    issuer: Issuer
    url: str

    def headers(self, person: str, **more: str) -> dict[str, str]:
        """What a person's request carries; each call has an idempotency key of its own."""
        return {"Authorization": f"Bearer {self.issuer.mint(person)}", "Idempotency-Key": new_id(), **more}


class _Quiet(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """The test runner has its own."""


@asynccontextmanager
async def sign_in() -> AsyncIterator[SignIn]:
    """An issuer on a free port."""
    config = uvicorn.Config(lambda: None, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    socket = config.bind_socket()
    url = f"http://127.0.0.1:{socket.getsockname()[1]}"
    issuer = Issuer(url, "pulang", new_key())
    config = uvicorn.Config(make_app(issuer), log_level="error", lifespan="off")
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve(sockets=[socket]))
    try:
        yield SignIn(issuer, url)
    finally:
        server.should_exit = True
        await serving


def local(settings: type[ServiceSettings], stack: Any, unique: str, url: str, **more: Any) -> Any:
    """Settings for one test's service."""
    name = settings.model_config.get("env_prefix", "").removeprefix("PULANG_").strip("_").lower() or "service"
    given: dict[str, Any] = {
        "local": True,
        "mongo_uri": stack.mongo_uri,
        "mongo_database": f"{unique}_{name}",
        "kafka_bootstrap": stack.kafka_bootstrap,
        "topic_prefix": f"{unique}-",
        "http_port": 0,
        "issuer": url,
        "jwks_url": f"{url}/jwks",
        "consumer_session_timeout_s": 6.0,
        "directory_max_age_s": None,  # most tests run one service, which nobody tells how fresh its directory is
    }
    return settings(**given | more)


@dataclass
class Running:
    """One service that runs, with a client for its interface."""

    runtime: Runtime
    http: httpx.AsyncClient

    async def employ(self, *members: Member) -> None:
        """Put members into the service's directory as if the feed had brought them."""
        for member in members:
            await self.runtime.mongo.collection(Member.collection).insert_one(to_document(member))

    async def rows(self, name: str, query: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """All documents of a collection."""
        found: list[dict[str, Any]] = await self.runtime.mongo.collection(name).find(query or {}).to_list(None)
        return found


class Caller:
    """Requests to one service as members of staff."""

    http: httpx.AsyncClient
    signing: SignIn

    async def call(self, person: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """One request as a person; a POST has a key of its own unless one is given. `_` in headers is `-`."""
        named = self.signing.headers(person) | {"Content-Type": "application/json"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else json.dumps(body).encode()
        return await self.http.request(method, path, content=content, headers=named)

    async def read(self, person: str, path: str) -> Any:
        """What a successful read shows."""
        answer = await self.call(person, "GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, person: str, path: str, body: object, **headers: str) -> Any:
        """What a successful write shows."""
        answer = await self.call(person, "POST", path, body, **headers)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    async def move(self, person: str, path: str, body: object) -> Any:
        """A move on what the person has just read."""
        tag = (await self.call(person, "GET", path)).headers["etag"]
        return await self.post(person, f"{path}/moves", body, If_Match=tag)


@asynccontextmanager
async def serving(
    service: Service, settings: ServiceSettings, role: Role = Role.ALL, known: Registry | None = None
) -> AsyncIterator[Running]:
    """The service in this process, ready to be asked."""
    async with open_runtime(service, settings, known or registry()) as runtime, running(runtime, role) as process:
        port = await process.port
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            yield Running(runtime, http)


def kafka_of(settings: ServiceSettings) -> Kafka:
    """The cluster as these settings see it."""
    return Kafka(settings.kafka_bootstrap, settings.topic_prefix)


async def until(condition: Any, timeout_s: float = 15.0) -> Any:
    """Wait until an async condition answers something true, and answer it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        found = await condition()
        if found:
            return found
        if loop.time() > deadline:
            raise AssertionError("it did not happen in time")
        await asyncio.sleep(0.05)
