"""What every process answers over HTTP: health and metrics, and as api the service's routes."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import structlog
import uvicorn

from shared.events.position import Position
from shared.http.app import make_app, make_backing
from shared.http.limiting import Limiter
from shared.http.ports import Check
from shared.http.server import server_config
from shared.mongo.audit_trail import AuditTrail
from shared.mongo.freshness import Freshness
from shared.mongo.rates import MongoRates
from shared.mongo.transaction import not_now
from shared.security.keyset import KeySource, fetch_from
from shared.security.staff import StaffDirectory
from shared.security.tokens import TokenVerifier
from shared.service.definition import Role
from shared.service.posting import PostedFacts
from shared.service.runtime import Runtime
from shared.service.tasks import Task

log = structlog.get_logger(__name__)


def http(runtime: Runtime, role: Role, checks: dict[str, Check], port: "asyncio.Future[int]") -> dict[str, Task]:
    """Every role answers health and metrics; only the api role has routes. `port` learns where it listens."""
    settings = runtime.settings
    secret = settings.secret.get_secret_value().encode()
    service = runtime.service
    keys = KeySource(fetch_from(settings.jwks_url), max_age_s=settings.jwks_max_age_s)
    backing = make_backing(
        service=runtime.name,
        secret=secret,
        positions_secret=settings.positions_secret.get_secret_value().encode(),
        bus=runtime.bus,
        reader=runtime.reader,
        audit=runtime.audit,
        verifier=TokenVerifier(
            keys, settings.issuer, settings.audience, settings.people_clients, runtime.registry.partners()
        ),
        directory=StaffDirectory(runtime.reader),
        policies=service.policies,
        clock=runtime.clock,
        limiter=Limiter(runtime.metrics, MongoRates(runtime.mongo)),
        parts=runtime.parts,
        positions=InboxPositions(runtime),
        inbox=PostedFacts(runtime),
        fresh=directory_freshness(runtime),
        trail=AuditTrail(runtime.name, runtime.mongo),
        titles=service.titles,
        unavailable=not_now,
    )
    routes = service.routes if role.plays(Role.API) else ()
    if routes:
        checks["keys"] = keys.check
    app = make_app(
        service=runtime.name,
        routes=routes,
        backing=backing,
        checks=checks,
        metrics=runtime.metrics,
        local=settings.local,
    )
    server = _Server(server_config(app, settings.http_host, settings.http_port))

    def announce(found: int) -> None:
        port.set_result(found)
        log.info("started", service=runtime.name, role=role.value, port=found)

    return {"http": _serve(server, announce)}


def _serve(server: "_Server", announce: Callable[[int], None]) -> Task:
    async def serve(stop: asyncio.Event) -> None:
        serving = asyncio.create_task(server.serve())
        announcing = asyncio.create_task(_announce(server, announce))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        announcing.cancel()
        stopping.cancel()
        server.should_exit = True
        await serving

    return serve


async def _announce(server: "_Server", announce: Callable[[int], None]) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn says it by a flag alone
        await asyncio.sleep(0.02)
    announce(server.servers[0].sockets[0].getsockname()[1])


def directory_freshness(runtime: Runtime) -> Check | None:
    """Whether the projected staff directory is recent; None for its owner, whose own is always."""
    max_age_s = runtime.settings.directory_max_age_s
    for name in runtime.registry.consumed_by(runtime.name):
        topic = runtime.registry.topics[name]
        if topic.pulse and max_age_s is not None:
            return Freshness(runtime.mongo, runtime.name, topic, max_age_s).check
    return None


class InboxPositions:
    """`?wait_for=`: waits until this service has applied what it takes in of another's write."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def wait(self, position: str, timeout_s: float) -> bool:
        """Whether the inbox has all of it in time; of a write of which we take nothing in, it has at once."""
        written, name = Position.read(position), self._runtime.name
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while await self._runtime.reader.applied(name, written.cause_id) < written.takes[name]:
            if loop.time() > until:
                return False
            await asyncio.sleep(0.05)
        return True


class _Server(uvicorn.Server):
    """Leaves the signals to the process, which ends all its tasks in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
