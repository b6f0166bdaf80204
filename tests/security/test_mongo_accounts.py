"""Each service has its own users at MongoDB: its own databases alone, and an audit to which it can only add."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy.access.file import Access
from shared.kernel.clock import system_clock
from shared.mongo.arrivals import DOOR, Mover
from shared.mongo.client import Mongo
from tests.support.access import Accounts, accounts
from tests.support.addresses import Addresses

pytestmark = pytest.mark.integration

UNAUTHORISED = 13
USERS = Access.read().mongo.users
DATABASES = sorted({right.database for rights in USERS.values() for right in rights})
READING = {"service", "owner", "keys"}

Client = MongoClient[dict[str, Any]]


@pytest.fixture(scope="module")
async def given(stack: Addresses, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Accounts]:
    """Accounts as the operator makes them."""
    if not stack.guarded:
        pytest.skip("these servers have no access control")
    async with accounts(stack, f"t{uuid4().hex[:10]}-", tmp_path_factory.mktemp("passwords")) as made:
        yield made


def refused(action: Callable[[], object]) -> bool:
    """Whether the server says that this user may not."""
    try:
        action()
    except OperationFailure as error:
        if error.code != UNAUTHORISED:
            raise
        return True
    return False


def may_read(user: str) -> set[str]:
    """The databases in which the file lets a user look."""
    return {right.database for right in USERS[user] if right.right in READING}


def test_without_an_account_nobody_reads_or_writes_anything(given: Accounts) -> None:
    with MongoClient[dict[str, Any]](given.anonymous) as client:
        for name in DATABASES:
            collection = client[given.prefix + name]["anything"]
            assert refused(collection.find_one)
            assert refused(lambda c=collection: c.insert_one({}))
        assert refused(client.list_database_names)


@pytest.mark.parametrize("user", sorted(USERS))
def test_a_user_looks_into_no_database_but_its_own(given: Accounts, user: str) -> None:
    with given.mongo(user) as client:
        seen = {name for name in DATABASES if not refused(client[given.prefix + name]["anything"].find_one)}
    assert seen == may_read(user)
    own = user.split("-")[0]
    assert all(name.startswith(("pulang_suspects", "pulang_reporters", f"pulang_{own}")) for name in seen)


def test_notify_reads_no_case_and_cases_no_person(given: Accounts) -> None:
    for user, database, collection in (
        ("notify", "pulang_cases", "cases"),
        ("cases", "pulang_intake", "vault"),
        ("cases", "pulang_intake_keys", "keys"),
        ("notify-clock", "pulang_suspects", "recruiters"),
    ):
        with given.mongo(user) as client:
            assert refused(client[given.prefix + database][collection].find_one), (user, database)


@pytest.mark.parametrize("apart", ["pulang_suspects", "pulang_reporters"])
def test_the_door_adds_an_arrival_and_never_sees_it_again(given: Accounts, apart: str) -> None:
    with given.mongo("intake") as client:
        database = client[given.prefix + apart]
        database[DOOR].insert_one({"_id": "A-1"})
        assert refused(database[DOOR].find_one)
        assert refused(lambda: database[DOOR].count_documents({}))
        assert refused(lambda: database[DOOR].delete_one({"_id": "A-1"}))
        assert refused(lambda: database[DOOR].update_one({"_id": "A-1"}, {"$set": {"seen": True}}))
        assert refused(lambda: list(database[DOOR].aggregate([{"$match": {}}])))
        assert refused(lambda: database["recruiters"].insert_one({}))
        assert refused(database["recruiters"].find_one)
        assert refused(database.list_collection_names)
        own = client[given.prefix + "pulang_intake"]["subjects"]
        assert refused(lambda: list(own.aggregate([{"$merge": {"into": {"db": database.name, "coll": "x"}}}])))


def test_the_door_makes_a_suspects_key_and_destroys_none(given: Accounts) -> None:
    with given.mongo("intake") as client:
        keys = client[given.prefix + "pulang_suspects_keys"]["keys"]
        keys.insert_one({"_id": "K-1"})
        assert refused(lambda: keys.delete_one({"_id": "K-1"}))
        assert refused(keys.drop)


def test_who_keeps_suspects_sees_no_person_and_the_other_way_round(given: Accounts) -> None:
    for user, others in (
        ("intake-suspects", ("pulang_intake", "pulang_intake_keys", "pulang_reporters")),
        ("intake-reporters", ("pulang_intake", "pulang_intake_keys", "pulang_suspects")),
        ("intake", ("pulang_suspects", "pulang_reporters")),
    ):
        with given.mongo(user) as client:
            for name in others:
                assert refused(client[given.prefix + name]["vault"].find_one), (user, name)


@pytest.mark.parametrize("service", ["intake", "cases", "notify"])
def test_a_service_adds_to_its_audit_and_cannot_change_it(given: Accounts, service: str) -> None:
    name = f"{given.prefix}pulang_{service}"
    with given.mongo(service) as client:
        audit = client[name]["audit"]
        audit.insert_one({"_id": "R-1"})
        assert audit.find_one({"_id": "R-1"}) == {"_id": "R-1"}
        assert refused(lambda: audit.update_one({"_id": "R-1"}, {"$set": {"person": "O-99"}}))
        assert refused(lambda: audit.replace_one({"_id": "R-1"}, {}))
        assert refused(lambda: audit.delete_one({"_id": "R-1"}))
        assert refused(audit.drop)
        assert refused(lambda: audit.rename("gone"))
        assert refused(lambda: client.drop_database(name))
        client[name]["inbox"].insert_one({"_id": "I-1"})
        assert client[name]["inbox"].delete_one({"_id": "I-1"}).deleted_count == 1
    with given.mongo(f"{service}-clock") as client:
        assert client[name]["audit"].update_one({"_id": "R-1"}, {"$set": {"seq": 1}}).modified_count == 1
        assert client[name]["audit"].delete_one({"_id": "R-1"}).deleted_count == 1


@pytest.mark.parametrize("user", sorted(USERS))
def test_no_user_administers_anything(given: Accounts, user: str) -> None:
    with given.mongo(user) as client:
        assert refused(lambda: client.admin.command("createUser", "mine", pwd="p", roles=[]))
        assert refused(lambda: client.admin.command("grantRolesToUser", given.prefix + user, roles=["root"]))
        assert refused(lambda: client["local"]["oplog.rs"].find_one())
        assert {name.removeprefix(given.prefix) for name in client.list_database_names()} <= {
            right.database for right in USERS[user]
        }


async def test_what_arrives_is_moved_on_once_by_the_suspects_own_user(given: Accounts) -> None:
    name = given.prefix + "pulang_suspects"
    with given.mongo("intake") as client:
        client[name][DOOR].insert_many([{"_id": f"R-{number}", "kind": "PERSON"} for number in range(3)])
    mongo = suspects(given, name)
    try:
        mover = Mover(mongo, "recruiters", system_clock)
        await mover.sweep()
        kept = await mongo.collection("recruiters").find({"kind": "PERSON"}).sort("_id", 1).to_list(None)
        assert [(row["_id"], row["version"]) for row in kept] == [(f"R-{number}", 1) for number in range(3)]
        assert await mongo.collection(DOOR).count_documents({}) == 0

        await mongo.collection("recruiters").update_one({"_id": "R-1"}, {"$set": {"version": 2}})
        with given.mongo("intake") as client:  # as out of a restored copy
            client[name][DOOR].insert_one({"_id": "R-1", "kind": "UNKNOWN"})
        assert await mover.sweep() == 1
        again = await mongo.collection("recruiters").find_one({"_id": "R-1"})
        assert (again["kind"], again["version"]) == ("PERSON", 2)
    finally:
        await mongo.close()


def suspects(given: Accounts, name: str) -> Mongo:
    """The suspects' database under its own user."""
    password = (given.operator.passwords / "mongo-intake-suspects").read_text()
    account = {"username": f"{given.prefix}intake-suspects", "password": password, "authSource": "admin"}
    return Mongo(given.anonymous, name, options=account)
