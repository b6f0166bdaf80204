"""What a row of the table of requests is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.platform import Caller


@dataclass(frozen=True)
class Ask:
    """A request by a person."""

    person: str
    method: str
    path: str
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)


Row = Callable[[Any], Awaitable[Ask]]
"""Makes what the request needs, and answers the request."""


class Rows(dict[str, Row]):
    """A service's rows, by the audit action of their route."""

    def row(self, action: str) -> Callable[[Row], Row]:
        """Register a row."""

        def register(make: Row) -> Row:
            assert action not in self
            self[action] = make
            return make

        return register


def reading(person: str, path: str) -> Ask:
    """A read."""
    return Ask(person, "GET", path)


def posting(person: str, path: str, body: object, **headers: str) -> Ask:
    """A command, or a question with its terms in the body."""
    return Ask(person, "POST", path, body, headers)


async def moving(world: Caller, person: str, path: str, body: object) -> Ask:
    """A move on what the person has just read."""
    tag = (await world.call(person, "GET", path)).headers["etag"]
    return posting(person, f"{path}/moves", body, If_Match=tag)


async def sent(world: Caller, ask: Ask) -> Any:
    """The answer to a request."""
    return await world.call(ask.person, ask.method, ask.path, ask.body, **ask.headers)
