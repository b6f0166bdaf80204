"""Users and roles at MongoDB: what the file says, against what the server keeps.

Each user has one role of its own name, and both live in `admin`.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from importlib import import_module
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from deploy.access.difference import NEW_ACCOUNT, Difference, differences
from deploy.access.file import MongoPart, Right
from deploy.access.passwords import Passwords
from shared.mongo.indexes import changeable

SERVER = "mongo"
LOOK = ("find", "listCollections", "listIndexes", "collStats", "changeStream")
ADD = ("insert", "createCollection", "createIndex")
CHANGE = ("update", "remove")

Privilege = tuple[str, str, str]
"""Database, collection (empty for all) and action."""
Privileges = Set[Privilege]


def wanted(part: MongoPart, prefix: str) -> dict[str, Privileges]:
    """What each user may do; `prefix` stands before users and databases."""
    return {
        prefix + user: {privilege for right in rights for privilege in privileges(right, prefix)}
        for user, rights in part.users.items()
    }


def privileges(right: Right, prefix: str) -> Iterator[Privilege]:
    """A right in MongoDB's terms."""
    for collection, actions in _actions(right):
        yield from ((prefix + right.database, collection, action) for action in actions)


def _actions(right: Right) -> Iterator[tuple[str, Iterable[str]]]:
    if right.right == "door":
        yield right.collection or "", ("insert", "createCollection")
    elif right.right == "ledger":
        yield right.collection or "", CHANGE
    else:
        yield "", (*LOOK, *ADD)
    if right.right == "owner":
        yield "", CHANGE
    elif right.right == "keys":
        yield "", ("update",)  # a key is written to when it is made, and when it is used after a pause
    elif right.right == "service":
        yield from ((collection, CHANGE) for collection in _changeable(right.service or ""))


def _changeable(service: str) -> Set[str]:
    store = import_module(f"services.{service}.store")
    return changeable(store.KINDS, store.ENTRIES, store.INDEXES)


class MongoAccess:
    """Compares and makes. Platforms that share a server are told apart by their prefix."""

    def __init__(self, part: MongoPart, prefix: str, client: MongoClient[dict[str, Any]]) -> None:
        self._want, self._prefix = wanted(part, prefix), prefix
        self._admin: Database[dict[str, Any]] = client["admin"]
        self._administrators = frozenset(part.administrators)

    def check(self) -> list[Difference]:
        """What is not as the file says."""
        found: list[Difference] = []
        roles, users = self._roles(), self._users()
        for name in sorted(self._want.keys() | roles.keys() | users.keys()):
            known = name in self._want
            found += differences(
                SERVER, name, NEW_ACCOUNT, {name} & self._want.keys(), {name} & users.keys(), known=known
            )
            own = {name} if known else set()
            found += differences(SERVER, name, "role", own if name in users else (), users.get(name, ()), known=known)
            should = _lines(self._want.get(name, set()))
            found += differences(SERVER, name, "right", should, _lines(roles.get(name, set())), known=known)
        return found

    def apply(self, passwords: Passwords, *, renew: bool, revoke: bool) -> None:
        """Make every declared user exactly what the file says; see `KafkaAccess.apply`."""
        roles, users = self._roles(), self._users()
        for name, wants in self._want.items():
            if roles.get(name) != wants:
                verb = "updateRole" if name in roles else "createRole"
                self._admin.command({verb: name, "privileges": _documents(wants), "roles": []})
            if renew or users.get(name) != {name}:
                verb = "updateUser" if name in users else "createUser"
                password = {"pwd": passwords.of(self._file(name))} if renew or name not in users else {}
                self._admin.command({verb: name, "roles": [{"role": name, "db": "admin"}], **password})
        if revoke:
            for name in users.keys() - self._want.keys():
                self._admin.command("dropUser", name)
            for name in roles.keys() - self._want.keys():
                self._admin.command("dropRole", name)

    def _roles(self) -> dict[str, Privileges]:
        answer = self._admin.command("rolesInfo", 1, showPrivileges=True)
        return {
            role["role"]: {triple for each in role["privileges"] for triple in _triples(each)}
            | {("role", f"{inherited['db']}.{inherited['role']}", "") for inherited in role["roles"]}
            for role in answer["roles"]
            if self._ours(role["role"])
        }

    def _users(self) -> dict[str, Set[str]]:
        """Each user's roles; those of other databases with the database."""
        answer = self._admin.command("usersInfo", {"forAllDBs": True})
        return {
            user["user"] if user["db"] == "admin" else f"{user['db']}.{user['user']}": {
                role["role"] if role["db"] == "admin" and role["role"] != "root" else f"{role['db']}.{role['role']}"
                for role in user["roles"]
            }
            for user in answer["users"]
            if self._ours(user["user"])
        }

    def _ours(self, name: str) -> bool:
        return name.startswith(self._prefix) and name not in self._administrators

    def _file(self, user: str) -> str:
        return f"{SERVER}-{user.removeprefix(self._prefix)}"


def _triples(privilege: Mapping[str, Any]) -> Iterator[Privilege]:
    where = privilege["resource"]
    for action in privilege["actions"]:
        yield where.get("db", str(where)), where.get("collection", ""), action


def _documents(wants: Privileges) -> list[dict[str, Any]]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for database, collection, action in sorted(wants):
        grouped.setdefault((database, collection), []).append(action)
    return [{"resource": {"db": db, "collection": name}, "actions": actions} for (db, name), actions in grouped.items()]


def _lines(wants: Privileges) -> set[str]:
    return {f"{action} {database}.{collection or '*'}" for database, collection, action in wants}
