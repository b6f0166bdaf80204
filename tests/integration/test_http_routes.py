"""The declared routes over HTTP, on the real bus and database: who gets what answer, and what the audit keeps."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from shared.kernel.ids import new_id
from shared.mongo.client import Mongo
from tests.support.http import ISSUER, Served, served, serving
from tests.support.ledger import Ledger

pytestmark = pytest.mark.integration

TYPED = (
    "5302994107081234", "5302-9941-0708-1234", "0812-3456-7890", "MARIA", "maria%20bele", "Maria-Bele-1999"
)  # fmt: skip
"""What people type into an address bar: numbers and a name."""
OPEN = {"account": "a-1", "amount": 5}


@pytest.fixture
async def ours(mongo_uri: str, unique: str) -> AsyncIterator[Served]:
    """An interface with two owners, an agent of another place, and somebody without a fitting role."""
    async with served(mongo_uri, unique) as fresh:
        await fresh.hire("V-020", "OWNER")
        await fresh.hire("V-021", "OWNER")
        await fresh.hire("V-022", "AGENT", agency="GT_KAB-53.02")
        await fresh.hire("V-023", "STRANGER")
        await fresh.hire("V-024", "OWNER", active=False)
        yield fresh


async def opened(ours: Served, person: str = "V-020", account: str = "a-1", amount: int = 5) -> str:
    """An account; answers its tag."""
    answer = await ours.call(person, "POST", "/v1/accounts", {"account": account, "amount": amount})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["etag"])


async def test_a_command_answers_201_with_location_tag_position_and_one_audit_row(ours: Served) -> None:
    answer = await ours.call("V-020", "POST", "/v1/accounts", OPEN)
    assert answer.status_code == 201
    assert answer.headers["location"] == "/v1/accounts/a-1"
    assert answer.headers["etag"].startswith('"')
    assert "ledger-reports" not in answer.headers["x-position"]
    assert answer.json()["total"] == 5
    assert answer.json()["updated_at"].endswith("+08:00")
    assert await ours.audit() == [("ACCOUNT_OPENED", "OK")]


async def test_hidden_and_absent_answer_alike_but_for_ids(ours: Served) -> None:
    mine, nobodys = new_id(), new_id()
    await opened(ours, account=mine)
    hidden = await ours.call("V-021", "GET", f"/v1/accounts/{mine}")
    absent = await ours.call("V-021", "GET", f"/v1/accounts/{nobodys}")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert strip(hidden) == strip(absent)
    assert (await ours.audit())[1:] == [("ACCOUNT_READ", "NOT_FOUND")] * 2
    rows = (await ours.ours.rows("audit"))[1:]
    assert [row["target_ref"] for row in rows] == [mine, nobodys]
    assert {row["actor"]["person"] for row in rows} == {"V-021"}  # type: ignore[index]


async def test_hidden_and_absent_alike_come_before_body_precondition_and_key(ours: Served) -> None:
    await opened(ours)
    for path in ("/v1/accounts/a-1/amounts", "/v1/accounts/a-9/amounts"):
        answer = await ours.client.post(path, content=b"{", headers=bearer("V-021"))
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def bearer(person: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {ISSUER.mint(person)}"}


def strip(answer) -> tuple[dict[str, object], set[str]]:  # type: ignore[no-untyped-def]
    body = answer.json()
    body.pop("correlation_id")
    return body, set(answer.headers)


async def test_roles_unite_and_nothing_is_the_default(ours: Served) -> None:
    await opened(ours)
    assert (await ours.call("V-022", "GET", "/v1/accounts/a-1")).status_code == 404
    await ours.ours.mongo.collection("accounts").update_one({"_id": "a-1"}, {"$set": {"owner": "GT_KAB-53.02"}})
    assert (await ours.call("V-022", "GET", "/v1/accounts/a-1")).status_code == 200
    await ours.ours.mongo.collection("staff").update_one({"_id": "V-022"}, {"$push": {"roles": "OWNER"}})
    await ours.ours.mongo.collection("accounts").update_one({"_id": "a-1"}, {"$set": {"owner": "V-022"}})
    assert (await ours.call("V-022", "GET", "/v1/accounts/a-1")).status_code == 200
    assert (await ours.call("V-023", "GET", "/v1/accounts/a-1")).status_code == 404
    forbidden = await ours.call("V-023", "GET", "/v1/accounts")
    assert (forbidden.status_code, forbidden.json()["code"]) == (403, "FORBIDDEN")


async def test_who_is_not_signed_in_or_no_longer_staff_learns_nothing(ours: Served) -> None:
    anonymous = await ours.call(None, "GET", "/v1/accounts/a-1")
    assert (anonymous.status_code, anonymous.headers["www-authenticate"]) == (401, "Bearer")
    forged = await ours.client.get("/v1/accounts/a-1", headers={"Authorization": "Bearer a.b.c"})
    assert (forged.status_code, forged.json()["code"]) == (401, "TOKEN_INVALID")
    assert (await ours.call("V-024", "GET", "/v1/accounts")).json()["code"] == "STAFF_UNKNOWN"
    assert (await ours.call("V-999", "GET", "/v1/accounts")).json()["code"] == "STAFF_UNKNOWN"
    outcomes = [outcome for _, outcome in await ours.audit()]
    assert outcomes == ["TOKEN_MISSING", "TOKEN_INVALID", "STAFF_UNKNOWN", "STAFF_UNKNOWN"]
    tried = [row["actor"] and row["actor"]["person"] for row in await ours.ours.rows("audit")]
    assert tried == [None, None, "V-024", None], "who was never staff is no reference of ours, and may be a name"
    refused = ours.ours.metrics.registry.get_sample_value
    assert refused("pulang_tokens_refused_total", {"reason": "MALFORMED"}) == 1
    assert refused("pulang_tokens_refused_total", {"reason": "TOKEN_MISSING"}) == 1


async def test_what_is_typed_into_a_path_stays_out_of_the_audit(ours: Served) -> None:
    for typed in TYPED:
        assert (await ours.call("V-020", "GET", f"/v1/accounts/{typed}")).status_code == 404
    assert [row["target_ref"] for row in await ours.ours.rows("audit")] == [None] * len(TYPED)


async def test_what_was_found_is_audited_by_its_id_whatever_that_looks_like(ours: Served) -> None:
    await opened(ours)
    assert (await ours.call("V-020", "GET", "/v1/accounts/a-1")).status_code == 200
    assert [row["target_ref"] for row in await ours.ours.rows("audit")][1:] == ["a-1"]


async def test_a_post_needs_a_key_and_a_repetition_is_marked(ours: Served) -> None:
    bare = await ours.client.post("/v1/accounts", json=OPEN, headers=bearer("V-020"))
    assert (bare.status_code, bare.json()["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")
    first = await ours.call("V-020", "POST", "/v1/accounts", OPEN, Idempotency_Key="one")
    again = await ours.call("V-020", "POST", "/v1/accounts", OPEN, Idempotency_Key='"one"')
    assert (first.status_code, again.status_code) == (201, 201)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert again.json() == first.json()
    other = await ours.call("V-020", "POST", "/v1/accounts", {**OPEN, "amount": 6}, Idempotency_Key="one")
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    outcomes = [outcome for _, outcome in await ours.audit()]
    assert outcomes == ["IDEMPOTENCY_KEY_MISSING", "OK", "REPLAYED", "IDEMPOTENCY_KEY_REUSED"]


async def test_a_repetition_is_answered_under_todays_policy(ours: Served) -> None:
    await ours.call("V-020", "POST", "/v1/accounts", OPEN, Idempotency_Key="one")
    await ours.ours.mongo.collection("accounts").update_one({"_id": "a-1"}, {"$set": {"owner": "V-021"}})
    again = await ours.call("V-020", "POST", "/v1/accounts", OPEN, Idempotency_Key="one")
    assert (again.status_code, again.json()["code"]) == (404, "NOT_FOUND")


async def test_a_change_names_the_version_that_was_read(ours: Served) -> None:
    tag = await opened(ours)
    path, body = "/v1/accounts/a-1/amounts", {"amount": 1}
    assert (await ours.call("V-020", "POST", path, body)).status_code == 428
    assert (await ours.call("V-020", "POST", path, body, If_Match="*")).status_code == 400
    done = await ours.call("V-020", "POST", path, body, If_Match=tag)
    assert (done.status_code, done.json()["total"]) == (200, 6)
    stale = await ours.call("V-020", "POST", path, body, If_Match=tag)
    assert (stale.status_code, stale.json()["code"]) == (412, "VERSION_CONFLICT")
    assert stale.json()["changed"] == ["total", "updated_at"]
    assert stale.headers["etag"] == stale.json()["etag"] == done.headers["etag"]
    outcomes = [outcome for _, outcome in await ours.audit()]
    assert outcomes == ["OK", "IF_MATCH_MISSING", "IF_MATCH_INVALID", "OK", "VERSION_CONFLICT"]


async def test_a_lost_answer_is_repeated_although_the_version_has_moved_on(ours: Served) -> None:
    tag = await opened(ours)
    send = lambda: ours.call(  # noqa: E731
        "V-020", "POST", "/v1/accounts/a-1/amounts", {"amount": 1}, If_Match=tag, Idempotency_Key="same"
    )
    assert (await send()).status_code == 200
    again = await send()
    assert (again.status_code, again.headers["idempotency-replayed"], again.json()["total"]) == (200, "true", 6)


async def test_of_two_with_the_same_tag_one_wins(ours: Served) -> None:
    tag = await opened(ours)
    answers = await asyncio.gather(
        *(
            ours.call("V-020", "POST", "/v1/accounts/a-1/amounts", {"amount": n}, If_Match=tag, Idempotency_Key=f"k{n}")
            for n in range(1, 9)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7


async def test_a_change_that_the_reader_cannot_see_refuses_nothing(ours: Served) -> None:
    await opened(ours, amount=500)
    shown = await ours.call("V-020", "GET", "/v1/accounts/a-1/late")
    plain = await ours.call("V-020", "GET", "/v1/accounts/a-1")
    path, tag = "/v1/accounts/a-1/late-amounts", shown.headers["etag"]
    first = await ours.call("V-020", "POST", path, {"amount": 1}, If_Match=tag)
    second = await ours.call("V-020", "POST", path, {"amount": 2}, If_Match=tag)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.headers["etag"] == second.headers["etag"] == tag
    assert (await ours.call("V-020", "GET", "/v1/accounts/a-1")).headers["etag"] != plain.headers["etag"]


async def test_the_tag_is_one_whatever_the_language_and_saves_a_second_reading(ours: Served) -> None:
    tag = await opened(ours)
    indonesian = await ours.call("V-020", "GET", "/v1/accounts/a-1")
    english = await ours.call("V-020", "GET", "/v1/accounts/a-1", Accept_Language="en-GB, id;q=0.5")
    assert (indonesian.json()["label"], english.json()["label"]) == ("Rekening", "Account")
    assert english.headers["content-language"] == "en"
    assert indonesian.headers["etag"] == english.headers["etag"] == tag
    unchanged = await ours.call("V-020", "GET", "/v1/accounts/a-1?lang=en", If_None_Match=f'W/"x", {tag}')
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_a_list_shows_ones_own_page_by_page(ours: Served) -> None:
    for n in range(5):
        await opened(ours, account=f"a-{n}")
    await opened(ours, "V-021", "b-1")
    first = await ours.call("V-020", "GET", "/v1/accounts?limit=2")
    assert [item["id"] for item in first.json()["items"]] == ["a-4", "a-3"]
    cursor = first.json()["next"]
    second = await ours.call("V-020", "GET", f"/v1/accounts?limit=2&after={cursor}")
    third = await ours.call("V-020", "GET", f"/v1/accounts?limit=2&after={second.json()['next']}")
    assert [item["id"] for item in third.json()["items"]] == ["a-0"]
    assert third.json()["next"] is None
    for bad in (f"?after={cursor}&total=5", "?after=abc", "?limit=201", "?limit=0", "?totl=5", "?limit=1&limit=2"):
        assert (await ours.call("V-020", "GET", f"/v1/accounts{bad}")).status_code == 422
    assert (await ours.call("V-021", "GET", f"/v1/accounts?after={cursor}")).status_code == 422
    assert len((await ours.call("V-020", "GET", "/v1/accounts?total=5")).json()["items"]) == 5
    assert (await ours.call("V-020", "GET", "/v1/accounts?total=6")).json()["items"] == []
    assert (await ours.call("V-020", "GET", "/v1/accounts?total=x")).json()["errors"] == [
        {"parameter": "total", "code": "NOT_IN_LIST"}
    ]


async def test_every_failing_field_is_listed_and_no_value_comes_back(ours: Served) -> None:
    answer = await ours.call("V-020", "POST", "/v1/accounts", {"account": "MARIA", "amount": 0, "Maria": 1, "extra": 2})
    assert answer.status_code == 422
    assert sorted((error["pointer"], error["code"]) for error in answer.json()["errors"]) == [
        ("", "UNKNOWN_FIELD"),
        ("", "UNKNOWN_FIELD"),
        ("/account", "BAD_FORMAT"),
        ("/amount", "OUT_OF_RANGE"),
    ]
    assert "maria" not in answer.text.lower()


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "BODY_MISSING"),
        (b"{", 400, "NOT_JSON"),
        (b'{"amount": NaN}', 400, "NOT_A_NUMBER"),
        (b'{"amount": 1, "amount": 2}', 400, "DUPLICATE_NAME"),
        (b'{"account": "\\ud800"}', 400, "LONE_SURROGATE"),
        (b'{"account": "a\\u0000"}', 400, "NUL_CHARACTER"),
        (b'{"amount": 9223372036854775808}', 400, "NUMBER_OUT_OF_RANGE"),
        (b"[" * 40 + b"]" * 40, 400, "TOO_DEEP"),
        (b"[" * 100_000, 400, "TOO_DEEP"),
        (b'"\xff"', 400, "NOT_UTF8"),
        (b"[]", 422, "INVALID_BODY"),
        (b'{"account": "a-1", "amount": "5"}', 422, "INVALID_BODY"),
        (b" " * 300_000, 413, "BODY_TOO_LARGE"),
    ],
)
async def test_a_body_that_cannot_be_right_is_refused_and_audited(
    ours: Served, raw: bytes, status: int, code: str
) -> None:
    answer = await ours.call("V-020", "POST", "/v1/accounts", raw)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await ours.audit() == [("ACCOUNT_OPENED", code)]


async def test_only_json_is_read(ours: Served) -> None:
    for label in ("text/plain", "application/json; charset=latin-1", ""):
        answer = await ours.call("V-020", "POST", "/v1/accounts", OPEN, Content_Type=label)
        assert (answer.status_code, answer.json()["code"]) == (415, "WRONG_CONTENT_TYPE")


async def test_a_rules_refusal_leaves_one_row(ours: Served) -> None:
    tag = await opened(ours)
    answer = await ours.call("V-020", "POST", "/v1/accounts/a-1/amounts", {"amount": 1, "refuse": True}, If_Match=tag)
    assert (answer.status_code, answer.json()["code"]) == (409, "TOLD_TO_REFUSE")
    assert answer.headers["content-type"] == "application/problem+json"
    assert await ours.audit() == [("ACCOUNT_OPENED", "OK"), ("AMOUNT_ADDED", "TOLD_TO_REFUSE")]
    counted = ours.ours.metrics.registry.get_sample_value
    assert counted("pulang_commands_total", {"action": "ACCOUNT_OPENED", "outcome": "DONE"}) == 1
    assert counted("pulang_commands_total", {"action": "AMOUNT_ADDED", "outcome": "ILLEGAL_MOVE"}) == 1


async def test_a_read_waits_for_the_position_of_a_write(ours: Served) -> None:
    answer = await ours.call("V-020", "POST", "/v1/accounts", OPEN)
    position = answer.headers["x-position"]
    early = await ours.call("V-020", "GET", f"/v1/accounts/a-1?wait_for={position}")
    assert (early.status_code, early.json()["code"]) == (503, "POSITION_NOT_REACHED")
    assert int(early.headers["retry-after"]) > 0
    (row,) = await ours.ours.rows("outbox")
    ours.reached.known.add(json.loads(row["value"])["causationid"])  # type: ignore[arg-type]
    assert (await ours.call("V-020", "GET", f"/v1/accounts/a-1?wait_for={position}")).status_code == 200
    assert (await ours.call("V-020", "GET", "/v1/accounts/a-1?wait_for=forged")).status_code == 422


async def test_a_question_sums_within_the_permission(ours: Served) -> None:
    await opened(ours, amount=5)
    await opened(ours, "V-021", "b-1", amount=100)
    assert (await ours.call("V-020", "GET", "/v1/sums")).json()["total"] == 5
    assert (await ours.audit())[-1] == ("SUM_READ", "OK")


async def test_a_bug_leaves_a_row_and_shows_nothing(ours: Served) -> None:
    answer = await ours.call("V-020", "GET", "/v1/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
    assert "Maria" not in answer.text
    assert await ours.audit() == [("BROKEN_READ", "FAILED")]


async def test_readiness_asks_the_parts(ours: Served) -> None:
    answer = await ours.client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "parts": {"mongo": "OK"}})
    assert (await ours.client.get("/health/live")).status_code == 200
    assert "pulang_http_requests_total" in (await ours.client.get("/metrics")).text


async def test_without_a_database_everything_is_503_and_says_when_to_come_again(unique: str) -> None:
    nowhere = Ledger(Mongo("mongodb://127.0.0.1:1/?directConnection=true", unique, server_selection_timeout_ms=200))
    async with serving(nowhere) as dark:
        for method, path in (("GET", "/v1/accounts"), ("GET", "/v1/accounts/a-1"), ("POST", "/v1/accounts")):
            answer = await dark.call("V-020", method, path, OPEN if method == "POST" else None)
            assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
            assert int(answer.headers["retry-after"]) > 0
        ready = await dark.client.get("/health/ready")
        assert (ready.status_code, ready.json()["parts"]["mongo"]) == (503, "ServerSelectionTimeoutError")
        assert (await dark.client.get("/health/live")).status_code == 200
    await nowhere.mongo.close()
