"""Too many requests: refused at the same bound for all processes together, also while the store is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from limits.aio.storage import Storage
from pydantic import ValidationError

from shared.http.limiting import AWAY_S, Limiter
from shared.http.limits import Limits, load_limits
from shared.http.problems import Problem
from shared.http.specs import Use
from shared.mongo.client import Mongo
from shared.mongo.indexes import ensure
from shared.mongo.rates import MongoRates
from shared.observability.metrics import Metrics
from tests.support.http import ISSUER, served

pytestmark = pytest.mark.integration


def limits(text: str = "6/minute", share: int = 3, **roles: Any) -> Limits:
    """One limit for every use."""
    rate = {"limit": text, "share": share}
    return Limits.model_validate({"everyone": dict.fromkeys(Use, rate), "roles": roles, "strangers": rate})


async def tries(limiter: Limiter, times: int, person: str = "O-01", use: Use = Use.READ) -> list[bool]:
    """Whether each of so many requests is let through."""
    outcomes = []
    for _ in range(times):
        try:
            await limiter.member(person, (), use)
            outcomes.append(True)
        except Problem as problem:
            outcomes.append(problem.code != "RATE_LIMITED")
    return outcomes


@asynccontextmanager
async def two_processes(uri: str, database: str, given: Limits) -> AsyncIterator[tuple[Limiter, Limiter]]:
    """Limiters with clients of their own on one store."""
    first, second = Mongo(uri, database), Mongo(uri, database)
    try:
        await ensure(first, ())
        yield tuple(Limiter(Metrics(), MongoRates(mongo), given) for mongo in (first, second))  # type: ignore[misc]
    finally:
        await first.close()
        await second.close()


async def test_two_processes_hold_one_limit_together(mongo_uri: str, unique: str) -> None:
    async with two_processes(mongo_uri, unique, limits()) as (one, two):
        assert await tries(one, 3) == [True, True, True]
        assert await tries(two, 5) == [True, True, True, False, False]
        assert await tries(one, 1) == [False]
        assert await tries(one, 1, person="O-02") == [True]
        assert await tries(one, 1, use=Use.LIST) == [True]


async def test_requests_at_once_in_both_processes_never_exceed_the_limit(mongo_uri: str, unique: str) -> None:
    async with two_processes(mongo_uri, unique, limits("12/minute", share=4)) as (one, two):
        outcomes = await asyncio.gather(*(tries(each, 1) for each in (one, two) * 20))
    allowed = sum(outcome for (outcome,) in outcomes)
    assert allowed == 12


async def test_the_next_window_begins_anew(mongo_uri: str, unique: str) -> None:
    async with two_processes(mongo_uri, unique, limits("3/second")) as (one, two):
        assert await tries(one, 4) == [True, True, True, False]
        assert await tries(two, 1) == [False]
        await asyncio.sleep(1.05)
        assert await tries(two, 4) == [True, True, True, False]


async def test_of_several_windows_the_fullest_counts(mongo_uri: str, unique: str) -> None:
    async with two_processes(mongo_uri, unique, limits("2/second; 3/hour", share=1)) as (one, two):
        assert await tries(one, 3) == [True, True, False]
        await asyncio.sleep(1.05)
        assert await tries(two, 2) == [True, False]


async def test_a_refused_caller_costs_the_store_nothing(mongo_uri: str, unique: str) -> None:
    async with two_processes(mongo_uri, unique, limits("2/hour", share=1)) as (one, _):
        assert await tries(one, 3) == [True, True, False]
        one._shared.storage = Broken()  # whoever is asked now would say so
        assert await tries(one, 50) == [False] * 50


class Broken(Storage):
    """A store that is away."""

    STORAGE_SCHEME = None
    asked = 0

    def __init__(self) -> None:
        super().__init__(wrap_exceptions=True)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What being away raises."""
        return ConnectionError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """No."""
        self.asked += 1
        raise ConnectionError

    async def get(self, key: str) -> int:
        """No."""
        raise ConnectionError

    async def get_expiry(self, key: str) -> float:
        """No."""
        raise ConnectionError

    async def check(self) -> bool:
        """No."""
        raise ConnectionError

    async def reset(self) -> int:
        """No."""
        raise ConnectionError

    async def clear(self, key: str) -> None:
        """No."""
        raise ConnectionError


async def test_without_the_store_a_process_holds_the_limit_by_itself_and_asks_seldom() -> None:
    now, store, metrics = [100.0], Broken(), Metrics()
    limiter = Limiter(metrics, store, limits("4/minute", share=2), monotonic=lambda: now[0])
    assert await tries(limiter, 6) == [True, True, True, True, False, False]
    assert store.asked == 1
    now[0] += AWAY_S
    assert await tries(limiter, 1, person="O-02") == [True]
    assert store.asked == 2
    assert b"pulang_rate_store_away_total 2.0" in metrics.exposition()


async def test_a_real_store_that_hangs_is_left_for_the_local_limit(unique: str) -> None:
    nowhere = Mongo("mongodb://127.0.0.1:9/?replicaSet=none", unique, server_selection_timeout_ms=60_000)
    try:
        began = asyncio.get_running_loop().time()
        assert await tries(Limiter(Metrics(), MongoRates(nowhere), limits("2/minute", share=1)), 3) == [
            True,
            True,
            False,
        ]
        assert asyncio.get_running_loop().time() - began < 2
    finally:
        await nowhere.close()


async def test_over_http_the_answer_says_when_to_come_again_and_the_audit_tells_once(
    mongo_uri: str, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = limits("2/minute", share=1)
    monkeypatch.setattr("shared.http.limiting.load_limits", lambda: tight)
    async with served(mongo_uri, unique) as account:
        await account.hire("O-01", "OWNER")
        answers = [await account.call("O-01", "GET", "/v1/accounts") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
        refused = answers[-1]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "RATE_LIMITED"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert [outcome for _, outcome in await account.audit()] == ["OK", "OK", "RATE_LIMITED"]


async def test_who_is_refused_is_refused_before_the_body_is_read(
    mongo_uri: str, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = limits("1/minute", share=1)
    monkeypatch.setattr("shared.http.limiting.load_limits", lambda: tight)

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    async with served(mongo_uri, unique) as account:
        await account.hire("O-01", "OWNER")
        assert (await account.call("O-01", "POST", "/v1/accounts", b"{")).status_code == 400
        headers = {"Authorization": f"Bearer {ISSUER.mint('O-01')}", "Content-Type": "application/json"}
        answer = await account.client.post("/v1/accounts", content=never(), headers=headers)
        assert answer.status_code == 429


async def test_who_cannot_sign_in_is_held_by_address_and_fills_no_audit(
    mongo_uri: str, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = limits("3/minute", share=1)
    monkeypatch.setattr("shared.http.limiting.load_limits", lambda: tight)
    async with served(mongo_uri, unique) as account:
        await account.hire("O-01", "OWNER")
        codes = [(await account.call(None, "GET", "/v1/accounts")).status_code for _ in range(6)]
        assert codes == [401, 401, 401, 429, 429, 429]
        assert [outcome for _, outcome in await account.audit()] == ["TOKEN_MISSING"] * 3 + ["RATE_LIMITED"]
        assert "127.0.0.1" not in str(await account.ours.rows("rates"))
        assert (await account.call("O-01", "GET", "/v1/accounts")).status_code == 200


def test_the_limits_in_force_are_complete_and_look_ups_are_the_scarcest() -> None:
    known = load_limits()
    for roles in ((), ("PARTNER_SYSTEM",)):
        by_use = {use: known.rate(roles, use).limit[0].amount for use in Use}
        assert min(by_use, key=by_use.__getitem__) is Use.LOOK_UP
    assert known.rate(("PARTNER_SYSTEM", "CASE_MANAGER"), Use.COMMAND) != known.rate(("CASE_MANAGER",), Use.COMMAND)


@pytest.mark.parametrize(
    "wrong",
    [
        {"everyone": {}, "strangers": {"limit": "1/minute"}},
        {"everyone": {use: {"limit": "5/minute", "share": 2} for use in Use}, "strangers": {"limit": "1/minute"}},
        {"everyone": {use: {"limit": "often"} for use in Use}, "strangers": {"limit": "1/minute"}},
    ],
)
def test_limits_that_cannot_be_held_are_refused_at_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate(wrong)
