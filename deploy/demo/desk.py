"""An officer at work: signed in, and with the services' public interfaces alone."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import httpx

from deploy.demo.errors import StoryError
from deploy.local.plan import SERVICES, Plan
from shared.kernel.ids import new_id

T = TypeVar("T")

PATIENCE_S = 30.0
LOOK_EVERY_S = 0.1
NOT_NOW = 503


async def until(what: str, look: Callable[[], Awaitable[T | None]], patience_s: float = PATIENCE_S) -> T:
    """Look again and again until there is something; raises StoryError, naming what is missing, when it takes long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while True:
        found = await look()
        if found:
            return found
        if loop.time() > deadline:
            raise StoryError(f"this did not happen in {patience_s:.0f} s: {what}")
        await asyncio.sleep(LOOK_EVERY_S)


@dataclass
class Desk:
    """One officer at their screen."""

    person: str
    plan: Plan
    http: httpx.AsyncClient
    _token: str | None = field(default=None, repr=False)

    async def ask(self, service: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """One request, whatever its answer; asked again while the service says that it cannot answer now."""
        assert service in SERVICES  # noqa: S101 - a mistake in a scene
        named = {"Authorization": f"Bearer {await self._signed_in()}", "Idempotency-Key": new_id()}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}

        async def once() -> httpx.Response | None:
            answer = await self.http.request(method, f"{self.plan.api(service)}{path}", json=body, headers=named)
            return None if answer.status_code == NOT_NOW else answer

        return await until(f"{service} answers {method} {path}", once)

    async def read(self, service: str, path: str) -> Any:
        """What a read shows; raises StoryError where it shows nothing."""
        return _content(await self.ask(service, "GET", path))

    async def write(self, service: str, path: str, body: Mapping[str, Any], **headers: str) -> Any:
        """What stands after a write; raises StoryError where it is refused."""
        return _content(await self.ask(service, "POST", path, body, **headers))

    async def move(self, service: str, path: str, move: str, moment: datetime | None = None, **data: Any) -> Any:
        """A move of what the officer has just read, on that version of it."""
        seen = await self.ask(service, "GET", path)
        _content(seen)
        body: dict[str, Any] = {"move": move}
        body |= {"occurred_at": moment.isoformat()} if moment else {}
        body |= {"data": data} if data else {}
        return await self.write(service, f"{path}/moves", body, If_Match=seen.headers["ETag"])

    async def await_shown(self, what: str, service: str, path: str) -> Any:
        """What a read shows as soon as there is such a thing."""

        async def look() -> Any:
            answer = await self.ask(service, "GET", path)
            return answer.json() if answer.is_success else None

        return await until(what, look)

    async def await_item(self, what: str, service: str, path: str) -> Any:
        """The first item of a list as soon as there is one."""

        async def look() -> Any:
            items = (await self.read(service, path))["items"]
            return items[0] if items else None

        return await until(what, look)

    async def inbox(self) -> list[dict[str, Any]]:
        """The office's notices, newest first."""
        return list((await self.read("notify", "/v1/inbox?limit=100"))["items"])

    async def _signed_in(self) -> str:
        if self._token is None:
            answer = await self.http.post(self.plan.sign_in.token_url, data=self.plan.sign_in.as_person(self.person))
            self._token = str(answer.raise_for_status().json()["access_token"])
        return self._token


def _content(answer: httpx.Response) -> Any:
    if not answer.is_success:
        place = f"{answer.request.method} {answer.request.url.path}"
        raise StoryError(f"{place} answered {answer.status_code}: {answer.text}")
    return answer.json()
