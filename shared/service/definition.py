"""What a service says about itself; everything else is the same for all."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from shared.http.routes import Routes
from shared.kernel.aggregate import Aggregate, Entry
from shared.kernel.rulebook import Rulebook
from shared.mongo.indexes import Indexes
from shared.security.policy.engine import Policies, no_policies

if TYPE_CHECKING:
    import asyncio

    from shared.service.runtime import Runtime


class Role(StrEnum):
    """What one process does. Each scales by itself; `all` is for small installations, tests and the demo."""

    API = "api"
    WORKER = "worker"
    RELAY = "relay"
    CLOCK = "clock"
    ALL = "all"

    def plays(self, role: "Role") -> bool:
        """Whether a process of this role does the work of another."""
        return self in (role, Role.ALL)


class Background(Protocol):
    """A task of the service's own: runs until the event is set."""

    __name__: str

    async def __call__(self, runtime: "Runtime", stop: "asyncio.Event") -> None:
        """Do the work."""
        ...


@asynccontextmanager
async def no_parts(_: "Runtime") -> AsyncIterator[None]:
    """For a service that needs nothing beyond the runtime."""
    yield None


@dataclass(frozen=True)
class Service:
    """One service: rules, kinds, routes, permissions, and what it needs beyond."""

    name: str
    rules: Rulebook
    kinds: tuple[type[Aggregate], ...]
    routes: tuple[Routes, ...] = ()
    policies: Policies = field(default_factory=no_policies)
    """Who may do and see what; without any, nobody may do anything."""
    entries: tuple[type[Entry], ...] = ()
    indexes: Indexes = field(default_factory=dict)
    databases: Mapping[str, str] = field(default_factory=dict)
    """Names that entries use → real databases beside the service's own."""
    titles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """The service's own problem codes → title in Indonesian and English."""
    parts: Callable[["Runtime"], AbstractAsyncContextManager[Any]] = no_parts
    """Opens what only this service has (a vault, a mail server's client); handed to routes as `call.parts`."""
    background: Mapping[Role, tuple[Background, ...]] = field(default_factory=dict)
