"""The ledger over HTTP: the smallest complete service interface, on the real bus and database."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import httpx
from pydantic import BaseModel, Field

from deploy.local.issuer import Issuer, new_key
from shared.http.app import make_app, make_backing
from shared.http.masking import View
from shared.http.routes import Call, Routes, Target
from shared.kernel.clock import system_clock
from shared.kernel.ids import new_id
from shared.mongo.documents import to_document
from shared.mongo.reader import AuditLog, MongoReader
from shared.security.keyset import KeySource
from shared.security.policy.classes import DataClass
from shared.security.policy.engine import Policies
from shared.security.policy.kinds import resource
from shared.security.policy.statements import statements
from shared.security.staff import Member, StaffDirectory
from shared.security.tokens import TokenVerifier
from tests.support.ledger import Account, Add, Ledger, ledger

SECRET = b"s" * 32
ISSUER = Issuer("http://issuer.test", "pulang", new_key())
STARTED = datetime(2026, 1, 1, tzinfo=UTC)


class AddBody(BaseModel):
    """An amount."""

    data_class: ClassVar[DataClass] = DataClass.C1

    amount: int = Field(ge=1, le=1000, examples=[5])
    refuse: bool = False


class OpenBody(BaseModel):
    """A new account."""

    data_class: ClassVar[DataClass] = DataClass.C1

    account: Annotated[str, Field(pattern=r"^([a-z]-[0-9]|[0-9a-f-]{36})$", examples=["a-1"])]
    amount: int = Field(ge=1, le=1000)


class AccountView(View):
    """What a reader sees: not the log."""

    data_class = DataClass.C1

    id: Annotated[str, DataClass.C0] = Field(examples=["a-1"])
    total: Annotated[int, DataClass.C2]
    nickname: str | None = Field(examples=["V-020"])
    label: str = Field(examples=["account"])
    updated_at: datetime | None


class Sum(View):
    """A total over several."""

    data_class = DataClass.C1

    total: int


POLICIES = """
@id("accounts.owner") @basis("none: a test") @show("C1,C2") @write("C1")
permit (
    principal in Role::"OWNER",
    action in [Action::"account.read", Action::"account.list", Action::"account.open", Action::"account.add"],
    resource is Account
) when { resource has owner && resource.owner == principal.person };

@id("accounts.agent") @basis("none: a test") @show("C1")
permit (principal in Role::"AGENT", action == Action::"account.read", resource is Account)
when { resource has owner && resource.owner == principal.agency };
"""


def policies(text: str = POLICIES) -> Policies:
    """An owner has their own accounts, an agent sees those of the agency."""
    return Policies(statements(text, "accounts.cedar"), [resource(Account, "owner")], {"OWNER": (), "AGENT": ()})


routes = Routes()


def account_view(account: Account, call: Call) -> AccountView:
    """One account."""
    label = "Rekening" if call.lang == "id" else "Account"
    return AccountView(
        id=account.id, total=account.total, nickname=account.nickname, label=label, updated_at=account.updated_at
    )


async def late_view(account: Account, call: Call) -> AccountView:
    """One account, by a view that awaits."""
    await asyncio.sleep(0)
    return account_view(account, call).model_copy(update={"updated_at": None, "total": min(account.total, 100)})


@routes.command(
    "POST",
    "/v1/accounts",
    permission="account.open",
    audit="ACCOUNT_OPENED",
    body=OpenBody,
    answer=account_view,
    location="/v1/accounts/{id}",
)
async def open_account(call: Call, body: OpenBody) -> Add:
    """Open an account of one's own.

    It begins with an amount.
    """
    return Add(account=body.account, amount=body.amount, owner=call.actor.person)


@routes.command(
    "POST",
    "/v1/accounts/{account}/amounts",
    permission="account.add",
    audit="AMOUNT_ADDED",
    on=Target("account", Account),
    body=AddBody,
    answer=account_view,
    if_match=True,
)
async def add_amount(call: Call, body: AddBody) -> Add:
    """Add to what one has seen."""
    return Add(account=call.path["account"], amount=body.amount, refuse=body.refuse)


@routes.command(
    "POST",
    "/v1/accounts/{account}/late-amounts",
    permission="account.add",
    audit="LATE_AMOUNT_ADDED",
    on=Target("account", Account),
    body=AddBody,
    answer=late_view,
    if_match=True,
)
async def add_late_amount(call: Call, body: AddBody) -> Add:
    """The same with a view that awaits."""
    return Add(account=call.path["account"], amount=body.amount)


routes.read(
    "/v1/accounts/{account}",
    permission="account.read",
    audit="ACCOUNT_READ",
    on=Target("account", Account),
    answer=account_view,
)
routes.read(
    "/v1/accounts/{account}/late",
    permission="account.read",
    audit="LATE_READ",
    on=Target("account", Account),
    answer=late_view,
)
routes.list(
    "/v1/accounts",
    permission="account.list",
    audit="ACCOUNTS_LISTED",
    kind=Account,
    answer=account_view,
    filters=("total",),
)


@routes.query("GET", "/v1/sums", permission="account.list", audit="SUM_READ")
async def read_sum(call: Call) -> Sum:
    """The sum of one's own accounts."""
    return Sum(total=sum(account.total for account in await call.find(Account, {})))


@routes.query("GET", "/v1/broken", permission="account.list", audit="BROKEN_READ")
async def read_broken(call: Call) -> Sum:
    """Fails by a bug whose message quotes somebody."""
    raise KeyError("Maria Canary")


@dataclass
class Reached:
    """Positions that a test declares reached."""

    known: set[str] = field(default_factory=set)

    async def wait(self, position: str, timeout_s: float) -> bool:
        """Without waiting."""
        return position in self.known


@dataclass
class Served:
    """The interface with a client, and a look behind it."""

    ours: Ledger
    client: httpx.AsyncClient
    reached: Reached

    async def hire(self, person: str, *roles: str, agency: str = "UPTD_PPA-53.71", active: bool = True) -> None:
        """Put a member of staff into the directory."""
        member = Member(id=person, agency=agency, roles=roles, valid_from=STARTED, active=active)
        await self.ours.mongo.collection("staff").insert_one(to_document(member))

    async def call(
        self, person: str | None, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        """One request as a person; POSTs carry a key of their own unless one is given. `_` in headers is `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if person is not None:
            named["Authorization"] = f"Bearer {ISSUER.mint(person)}"
        if method == "POST":
            named.setdefault("Idempotency-Key", new_id())
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        named.setdefault("Content-Type", "application/json")
        return await self.client.request(method, path, content=content, headers=named)

    async def audit(self) -> list[tuple[object, object]]:
        """(action, outcome) of each row, oldest first."""
        return [(row["action"], row["outcome"]) for row in await self.ours.rows("audit")]


async def key_set() -> bytes:
    """The issuer's public keys."""
    return json.dumps(ISSUER.key_set()).encode()


@asynccontextmanager
async def served(mongo_uri: str, database: str) -> AsyncIterator[Served]:
    """The ledger's interface on a database of its own, with its command lane running."""
    async with ledger(mongo_uri, database) as ours, serving(ours) as fresh:
        stop = asyncio.Event()
        lane = asyncio.create_task(ours.bus.run(stop))
        yield fresh
        stop.set()
        await lane


@asynccontextmanager
async def serving(ours: Ledger) -> AsyncIterator[Served]:
    """The interface around a ledger."""
    reached = Reached()
    backing = make_backing(
        service="ledger",
        secret=SECRET,
        positions_secret=SECRET,
        bus=ours.bus,
        reader=MongoReader(ours.mongo),
        audit=AuditLog(ours.mongo),
        verifier=TokenVerifier(KeySource(key_set), ISSUER.url, ISSUER.audience),
        directory=StaffDirectory(MongoReader(ours.mongo)),
        policies=policies(),
        clock=system_clock,
        positions=reached,
    )
    checks = {"mongo": ours.mongo.check}
    app = make_app(service="ledger", routes=[routes], backing=backing, checks=checks, metrics=ours.metrics)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ledger.test") as client:
        yield Served(ours, client, reached)
