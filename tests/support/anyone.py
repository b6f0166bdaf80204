"""A service's interface for whoever asks: everything is allowed, everything exists, and nothing is behind it.

For what must hold before any rule is asked. Whatever would be decided or stored is written down here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_origin

import httpx
from fastapi import FastAPI
from pydantic import BaseModel

from shared.events.codec import decode
from shared.events.incoming import Partition, Record
from shared.events.receipts import FactReceipt, ReceiptStatus
from shared.events.registry import registry
from shared.http.app import make_app, make_backing
from shared.http.limiting import Limiter
from shared.http.limits import Limits
from shared.http.specs import RouteSpec, Use
from shared.kernel.aggregate import Aggregate
from shared.kernel.audit import AuditRow
from shared.kernel.clock import system_clock
from shared.kernel.context import Actor
from shared.observability.metrics import Metrics
from shared.security.policy.classes import DataClass
from shared.security.policy.engine import Decision
from shared.security.tokens import PartnerSignedIn, SignedIn
from shared.service.definition import Service

EVERYTHING = Decision(allowed=True, shows=frozenset(DataClass), writes=frozenset(DataClass))
OFTEN = {"limit": "1000000/minute"}
UNLIMITED = Limits.model_validate({"everyone": dict.fromkeys(Use, OFTEN), "strangers": OFTEN})
TAG = '"3q2_-qkZ0x1Ab9"'
SOMEBODY = Actor(person="O-01", agency="UPTD_PPA-53.71", roles=frozenset({"ANY"}))


M = TypeVar("M", bound=BaseModel)


def blank(kind: type[M]) -> M:
    """One of a kind that says nothing."""
    required = {name: field.annotation for name, field in kind.model_fields.items() if field.is_required()}
    values = {name: _nothing(annotation) for name, annotation in required.items()}
    return kind.model_construct(**values, **({"version": 1} if issubclass(kind, Aggregate) else {}))


def _nothing(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return blank(annotation)
    return get_origin(annotation)() if get_origin(annotation) in (tuple, dict) else "x"


@dataclass
class Anyone:
    """Stands for all that a route stands on."""

    rows: list[AuditRow] = field(default_factory=list)
    decided: list[Any] = field(default_factory=list)

    async def verify(self, token: str) -> SignedIn:
        """Every token is good."""
        return SignedIn("O-01", 0, 0)

    async def verify_partner(self, token: str) -> PartnerSignedIn:
        """Also a machine's."""
        return PartnerSignedIn("LPSK", "partner-lpsk", 0, 0)

    async def is_shut_out(self, office: str) -> bool:
        """Nobody is."""
        return False

    async def take(self, topic: str, values: Sequence[bytes], correlation_id: str) -> list[FactReceipt]:
        """What came this far, by the strict reading alone; good events would have been stored."""
        read = [decode(Record(Partition(topic, -1), -1, "k", value), registry(), "cases") for value in values]
        self.decided += [each for each in read if each.event]
        return [FactReceipt(ReceiptStatus.INVALID, each.refusal, each.pointer) for each in read]

    async def actor(self, person: str, now: Any) -> Actor:
        """Everybody is staff."""
        return SOMEBODY

    async def record(self, row: AuditRow) -> None:
        """Keep the row."""
        self.rows.append(row)

    async def submit(self, command: Any) -> Any:
        """A command that came this far would have been stored."""
        self.decided.append(command)
        raise AssertionError("a rule was asked")

    async def find_one(self, kind: type[Aggregate], query: Any) -> Aggregate:
        """Whatever is looked for, exists."""
        return blank(kind)

    async def find(self, kind: type[Aggregate], query: Any, **_: Any) -> list[Aggregate]:
        """Lists are empty."""
        return []

    def allows(self, *_: Any) -> bool:
        """Yes."""
        return True

    def covers(self, *_: Any) -> bool:
        """Yes."""
        return True

    def outlook(self, *_: Any) -> Decision:
        """Everything."""
        return EVERYTHING

    def decide(self, _: Any, __: str, aggregates: Sequence[Any]) -> list[Decision]:
        """Yes to all of them."""
        return [EVERYTHING for _ in aggregates]

    def filter(self, *_: Any) -> dict[str, Any]:
        """All of it."""
        return {}

    async def wait(self, position: str, timeout_s: float) -> bool:
        """Every position is reached."""
        return True


def interface(service: Service, anyone: Anyone) -> FastAPI:
    """The service's own routes on top of it."""
    behind: Any = anyone
    backing = make_backing(
        service=service.name,
        secret=b"s" * 32,
        positions_secret=b"p" * 32,
        bus=behind,
        reader=behind,
        audit=behind,
        verifier=behind,
        directory=behind,
        policies=behind,
        clock=system_clock,
        limiter=Limiter(Metrics(), limits=UNLIMITED),
        positions=behind,
        inbox=behind,
    )
    return make_app(service=service.name, routes=service.routes, backing=backing, checks={}, metrics=Metrics())


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """A client within this process."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": "Bearer x", "Idempotency-Key": "k", "If-Match": TAG, "X-Purpose": "CASEWORK"}
    return httpx.AsyncClient(transport=transport, base_url="http://any.test", headers=headers)


def path_of(spec: RouteSpec, ref: str = "019bb2c4-8f00-7c3e-9d41-5a1f0c2e7b10") -> str:
    """The route's path with its placeholders filled."""
    names = [part[1:-1] for part in spec.path.split("/") if part.startswith("{")]
    return spec.path.format(**dict.fromkeys(names, ref))
