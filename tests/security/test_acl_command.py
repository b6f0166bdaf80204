"""`pulang acl` finds what is missing and what is too much, mends what the file names, and revokes the rest if told."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pymongo
import pytest

from deploy.access.difference import Difference
from deploy.access.making import apply_access, check_access
from shared.messaging.access import Operation, Resource, Rule, access_admin
from tests.support.access import Accounts, accounts
from tests.support.addresses import Addresses

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def given(stack: Addresses, unique: str, tmp_path: Path) -> AsyncIterator[Accounts]:
    """Accounts as the operator makes them, for one test that spoils them."""
    if not stack.guarded:
        pytest.skip("these servers have no access control")
    async with accounts(stack, f"t{uuid4().hex[:10]}-", tmp_path / "passwords") as made:
        yield made


def pulang(given: Accounts, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as the operator runs it."""
    command = [sys.executable, "-m", "deploy.cli", "acl", *words]
    environment = os.environ | given.environment()
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


async def test_a_planted_rule_and_a_missing_one_are_found_and_mended(given: Accounts) -> None:
    lpsk = given.prefix + "lpsk"
    planted = Rule(lpsk, Operation.READ, Resource.TOPIC, given.topic("case-events"))
    gone = Rule(lpsk, Operation.READ, Resource.TOPIC, given.topic("agency-lpsk"))
    async with access_admin(given.operator.kafka()) as admin:
        await admin.add([planted])
        await admin.remove([gone])
        await admin.set_quotas(lpsk, {}, gone=["request_percentage"])

        async def noticed() -> list[Difference]:
            return await check_access(given.operator)

        found = await _until_there_are(3, noticed)
    assert set(found) == {
        Difference("kafka", lpsk, "rule", wanted=str(gone)),
        Difference("kafka", lpsk, "rule", found=str(planted)),
        Difference("kafka", lpsk, "quota", wanted="request_percentage 25"),
    }
    said = pulang(given, "check", "--json")
    assert (said.returncode, len(json.loads(said.stdout))) == (1, 3)
    assert pulang(given, "apply").returncode == 0
    assert pulang(given, "check").returncode == 0


async def _until_there_are(count: int, look: Any) -> list[Difference]:
    """Brokers hear of a change a moment after it is made."""
    import asyncio

    async with asyncio.timeout(10):
        while len(found := await look()) != count:
            await asyncio.sleep(0.1)
    return list(found)


async def test_what_the_file_does_not_name_is_listed_and_goes_only_when_told(given: Accounts) -> None:
    stranger = given.prefix + "stranger"
    everybody = Rule("*", Operation.READ, Resource.TOPIC, given.topic("case-events"))
    async with access_admin(given.operator.kafka()) as admin:
        await admin.set_passwords({stranger: "p"})
        await admin.add([everybody])
    with pymongo.MongoClient[dict[str, Any]](given.operator.mongo_uri) as client:
        client.admin.command("createUser", stranger, pwd="p", roles=["root"])

    async def noticed() -> list[Difference]:
        return await check_access(given.operator)

    found = await _until_there_are(4, noticed)
    assert {(each.server, each.account, each.what, each.known) for each in found} == {
        ("kafka", "*", "rule", False),
        ("kafka", stranger, "account", False),
        ("mongo", stranger, "account", False),
        ("mongo", stranger, "role", False),
    }
    assert len(await apply_access(given.operator)) == 4
    assert pulang(given, "apply", "--revoke", "--yes").returncode == 0
    assert await check_access(given.operator) == []


async def test_too_much_and_too_little_at_mongo_is_found_and_mended(given: Accounts) -> None:
    notify, cases = given.prefix + "notify", given.prefix + "pulang_cases"
    with pymongo.MongoClient[dict[str, Any]](given.operator.mongo_uri) as client:
        more = [{"resource": {"db": cases, "collection": ""}, "actions": ["find"]}]
        client.admin.command("grantPrivilegesToRole", notify, privileges=more)
        less = [{"resource": {"db": f"{given.prefix}pulang_notify_keys", "collection": ""}, "actions": ["remove"]}]
        client.admin.command("revokePrivilegesFromRole", notify, privileges=less)
        client.admin.command("grantRolesToUser", given.prefix + "cases", roles=["root"])
    assert await check_access(given.operator) == [
        Difference("mongo", given.prefix + "cases", "role", found="admin.root"),
        Difference("mongo", notify, "right", wanted=f"remove {given.prefix}pulang_notify_keys.*"),
        Difference("mongo", notify, "right", found=f"find {cases}.*"),
    ]
    assert await apply_access(given.operator) == []


async def test_a_password_is_renewed_from_its_file(given: Accounts) -> None:
    file = given.operator.passwords / "mongo-notify"
    file.write_text("another")
    with given.mongo("notify") as client, pytest.raises(pymongo.errors.OperationFailure):
        client[given.prefix + "pulang_notify"]["notices"].find_one()
    assert await apply_access(given.operator, renew=True) == []
    with given.mongo("notify") as client:
        assert client[given.prefix + "pulang_notify"]["notices"].find_one() is None


def test_a_server_that_does_not_answer_is_one_line_without_a_password(given: Accounts) -> None:
    nowhere = given.environment() | {"PULANG_OPERATOR_KAFKA_BOOTSTRAP": "operator:hidden@127.0.0.1:1"}
    command = [sys.executable, "-m", "deploy.cli", "acl", "check"]
    said = subprocess.run(command, cwd=ROOT, env=os.environ | nowhere, capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert "127.0.0.1:1" in said.stderr
    assert "hidden" not in said.stderr + said.stdout
    assert "Traceback" not in said.stderr
