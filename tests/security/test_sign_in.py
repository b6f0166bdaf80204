"""Who is asking, over HTTP: forged tokens, keys that change, and a key server that goes away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from deploy.local.issuer import Issuer, new_key
from services.cases.app import service
from services.cases.settings import Settings
from shared.security.staff import Member
from shared.service.definition import Role
from tests.support.addresses import Addresses
from tests.support.forging import PERSON, Attack, Forger, attacks
from tests.support.key_server import KeyServer
from tests.support.platform import Running, local, serving, until

pytestmark = pytest.mark.integration

URL = "http://issuer.test"
ROUTE = "/v1/cases"
STARTED = datetime(2026, 1, 1, tzinfo=UTC)
MANAGER = Member(id=PERSON, agency="UPTD_PPA-53.71", roles=("CASE_MANAGER",), valid_from=STARTED)


class Door:
    """A real service, the issuer that it trusts, and where that one's keys are."""

    def __init__(self, running: Running, issuer: Issuer, keys: KeyServer) -> None:
        self.running, self.issuer, self.keys = running, issuer, keys

    async def ask(self, token: str, method: str = "GET", path: str = ROUTE, **more: Any) -> httpx.Response:
        return await self.running.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, **more)

    async def status(self, issuer: Issuer | None = None) -> int:
        """What an honest person is answered."""
        return (await self.ask((issuer or self.issuer).mint(PERSON))).status_code

    async def ready(self) -> bool:
        return (await self.running.http.get("/health/ready")).status_code == 200

    async def audited(self) -> list[tuple[str, Any]]:
        """(outcome, actor) of every row so far."""
        return [(row["outcome"], row["actor"]) for row in await self.running.rows("audit")]


@asynccontextmanager
async def opened(stack: Addresses, name: str, keys: KeyServer, issuer: Issuer, **more: Any) -> AsyncIterator[Door]:
    """The service's HTTP interface with one member of staff."""
    settings = local(Settings, stack, name, issuer.url, jwks_url=keys.url, **more)
    async with serving(service(settings), settings, Role.API) as running:
        await running.employ(MANAGER)
        yield Door(running, issuer, keys)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(URL, "pulang", new_key())


@pytest.fixture
async def keys(issuer: Issuer) -> AsyncIterator[KeyServer]:
    server = KeyServer(issuer.key_set())
    await server.up()
    yield server
    await server.down()


FORGER = Forger(Issuer(URL, "pulang", new_key()))


@pytest.fixture(scope="module")
async def door(stack: Addresses) -> AsyncIterator[Door]:
    """One service for all forged tokens."""
    server = KeyServer(FORGER.published)
    await server.up()
    async with opened(stack, f"forged{FORGER.own.kid[:6].lower().strip('-_')}", server, FORGER.issuer) as open_door:
        yield open_door
    await server.down()


async def test_the_forger_could_make_an_honest_token(door: Door) -> None:
    assert (await door.ask(FORGER.signed())).status_code == 200


@pytest.mark.parametrize(("name", "attack"), list(attacks()), ids=[name for name, _ in attacks()])
async def test_a_forged_token_opens_nothing_and_leaves_a_row(door: Door, name: str, attack: Attack) -> None:
    token, before = attack(FORGER), len(await door.audited())
    answer = await door.ask(token)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.json()["code"] == "TOKEN_INVALID"
    assert not [part for part in token.split(".") if len(part) > 8 and part in answer.text]
    assert (await door.audited())[before:] == [("TOKEN_INVALID", None)]


async def test_an_expired_token_is_called_so(door: Door) -> None:
    answer = await door.ask(FORGER.signed(iat=1, exp=2))
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_EXPIRED")
    assert (await door.audited())[-1] == ("TOKEN_EXPIRED", None)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", "Basic Ty0yMTp4")],
        [("Cookie", "TOKEN")],
        [("X-Forwarded-User", PERSON)],
        [("Authorization", "Bearer TOKEN"), ("Authorization", "Bearer TOKEN")],
    ],
)
async def test_a_token_comes_in_one_header_and_nowhere_else(door: Door, headers: list[tuple[str, str]]) -> None:
    token, before = FORGER.signed(), len(await door.audited())
    named = [(name, value.replace("TOKEN", token)) for name, value in headers]
    answer = await door.running.http.get(ROUTE, headers=named, params={"access_token": token})
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_MISSING")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert (await door.audited())[before:] == [("TOKEN_MISSING", None)]


async def test_nothing_of_a_strangers_body_is_looked_at(door: Door) -> None:
    answer = await door.ask(FORGER.signed(key=FORGER.own), "POST", f"{ROUTE}/C-1/referrals", content=b"{not json")
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID")


async def test_a_new_key_counts_at_once(stack: Addresses, unique: str, issuer: Issuer, keys: KeyServer) -> None:
    async with opened(stack, unique, keys, issuer) as door:
        assert await door.status() == 200
        successor = Issuer(URL, "pulang", new_key())
        keys.key_set = {"keys": [*issuer.key_set()["keys"], *successor.key_set()["keys"]]}
        fetched = keys.fetched
        assert [await door.status(successor), await door.status()] == [200, 200]
        assert keys.fetched == fetched + 1


async def test_a_flood_of_unknown_keys_asks_the_issuer_once(
    stack: Addresses, unique: str, issuer: Issuer, keys: KeyServer
) -> None:
    async with opened(stack, unique, keys, issuer) as door:
        assert await door.status() == 200
        fetched = keys.fetched
        floods = [Issuer(URL, "pulang", new_key()) for _ in range(40)]
        answers = await asyncio.gather(*(door.status(other) for other in floods), *(door.status() for _ in range(10)))
        assert answers == [401] * 40 + [200] * 10
        assert keys.fetched <= fetched + 1


async def test_known_keys_serve_while_the_key_server_is_away_and_not_for_ever(
    stack: Addresses, unique: str, issuer: Issuer, keys: KeyServer
) -> None:
    async with opened(stack, unique, keys, issuer, jwks_max_age_s=2.0) as door:
        assert await door.status() == 200
        await keys.down()
        assert (await door.status(), await door.ready()) == (200, True)
        await asyncio.sleep(2.1)
        before = await door.audited()
        refused = await door.ask(issuer.mint(PERSON))
        assert (refused.status_code, refused.json()["code"]) == (503, "SIGN_IN_UNAVAILABLE")
        assert "retry-after" in refused.headers
        assert not await door.ready()
        assert await door.audited() == before
        await keys.up()
        await until(door.ready)
        assert await door.status() == 200


async def test_without_keys_at_the_start_nobody_is_let_in_and_then_everybody(
    stack: Addresses, unique: str, issuer: Issuer, keys: KeyServer
) -> None:
    await keys.down()
    async with opened(stack, unique, keys, issuer) as door:
        assert (await door.status(), await door.ready()) == (503, False)
        assert await door.status(Issuer(URL, "pulang", new_key())) == 503, "a forged token learns as little"
        await keys.up()
        await until(door.ready)
        assert await door.status() == 200


async def test_a_key_server_that_stalls_holds_up_nobody_whose_key_is_known(
    stack: Addresses, unique: str, issuer: Issuer, keys: KeyServer
) -> None:
    async with opened(stack, unique, keys, issuer) as door:
        assert await door.status() == 200
        keys.stalls = True
        stranger = asyncio.create_task(door.status(Issuer(URL, "pulang", new_key())))
        async with asyncio.timeout(2):
            assert await door.status() == 200
        assert await stranger == 401
