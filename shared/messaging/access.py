"""Kafka's accounts, access rules and quotas, as an administrator sees and changes them."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1, DescribeAclsRequest_v1

from shared.messaging.account_protocol import (
    AlterClientQuotas,
    AlterUserScramCredentials,
    DescribeClientQuotas,
    DescribeUserScramCredentials,
    Exactly,
)
from shared.messaging.refusals import raise_for, refusals
from shared.messaging.settings import Kafka

SCRAM_SHA_512 = 2
ITERATIONS = 8192
"""Our passwords are random, so no number of iterations makes them harder to guess; 4096 is the least Kafka takes."""
EVERY_NAMED = 2
"""Of DescribeClientQuotas: every entity of the type that has a name."""
ANY = 1
ALLOW, DENY = 3, 2
LITERAL, PREFIXED = 3, 4
USER = "User:"


class Resource(IntEnum):
    """What a rule is about, as the protocol numbers it."""

    TOPIC = 2
    GROUP = 3
    CLUSTER = 4
    TRANSACTIONAL_ID = 5
    DELEGATION_TOKEN = 6
    USER = 7


class Operation(IntEnum):
    """What a rule allows, as the protocol numbers it."""

    ALL = 2
    READ = 3
    WRITE = 4
    CREATE = 5
    DELETE = 6
    ALTER = 7
    DESCRIBE = 8
    CLUSTER_ACTION = 9
    DESCRIBE_CONFIGS = 10
    ALTER_CONFIGS = 11
    IDEMPOTENT_WRITE = 12
    CREATE_TOKENS = 13
    DESCRIBE_TOKENS = 14
    TWO_PHASE_COMMIT = 15


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One access rule (Kafka says ACL). `principal` is an account's name; `name` may be the beginning of names."""

    principal: str
    operation: Operation
    resource: Resource
    name: str
    prefixed: bool = False
    allow: bool = True
    host: str = "*"

    def __str__(self) -> str:
        """As a person reads it."""
        deny, more = "" if self.allow else "DENY ", "*" if self.prefixed else ""
        where = "" if self.host == "*" else f" from {self.host}"
        return f"{deny}{self.operation.name} {self.resource.name} {self.name}{more}{where}"

    def _row(self) -> tuple[int, str, int, str, str, int, int]:
        """As the protocol lists it."""
        pattern, permission = PREFIXED if self.prefixed else LITERAL, ALLOW if self.allow else DENY
        return (self.resource, self.name, pattern, USER + self.principal, self.host, self.operation, permission)


Quotas = Mapping[str, float]
"""`producer_byte_rate` and `consumer_byte_rate` in bytes a second, `request_percentage` of one thread."""


class AccessAdmin:
    """Reads and changes what brokers keep about who may do what. Everything raises KafkaRefused."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def rules(self) -> set[Rule]:
        """All rules of the cluster."""
        answer = await self._ask("rules", DescribeAclsRequest_v1(ANY, None, ANY, None, None, ANY, ANY))
        raise_for(answer.error_code, "rules")
        return {
            Rule(
                principal.removeprefix(USER),
                Operation(operation),
                Resource(kind),
                name,
                pattern == PREFIXED,
                permission == ALLOW,
                host,
            )
            for kind, name, pattern, entries in answer.resources
            for principal, host, operation, permission in entries
        }

    async def add(self, rules: Iterable[Rule]) -> None:
        """Make these rules."""
        rows = [rule._row() for rule in rules]
        if rows:
            answer = await self._ask("rules", CreateAclsRequest_v1(rows))
            for code, _ in answer.creation_responses:
                raise_for(code, "rules")

    async def remove(self, rules: Iterable[Rule]) -> None:
        """Take these rules away."""
        rows = [rule._row() for rule in rules]
        if rows:
            answer = await self._ask("rules", DeleteAclsRequest_v1(rows))
            for code, *_ in answer.filter_responses:
                raise_for(code, "rules")

    async def accounts(self) -> set[str]:
        """Who can sign in by SCRAM-SHA-512."""
        answer = await self._ask("accounts", DescribeUserScramCredentials(None, {}))
        raise_for(answer.error_code, "accounts")
        return {user for user, _, _, infos, _ in answer.results if any(info[0] == SCRAM_SHA_512 for info in infos)}

    async def set_passwords(self, passwords: Mapping[str, str]) -> None:
        """Make these accounts, or give them another password; who is signed in stays so until they connect again."""
        await self._alter_accounts([], [_salted(name, password) for name, password in passwords.items()])

    async def drop_accounts(self, names: Iterable[str]) -> None:
        """Nobody signs in under these names any more."""
        await self._alter_accounts([(name, SCRAM_SHA_512, {}) for name in names], [])

    async def quotas(self) -> dict[str, Quotas]:
        """The quotas of each account that has some."""
        answer = await self._ask("quotas", DescribeClientQuotas([("user", EVERY_NAMED, None)], True))
        raise_for(answer.error_code, "quotas")
        return {entity[0][1]: dict(values) for entity, values in answer.entries or []}

    async def set_quotas(self, account: str, quotas: Quotas, gone: Iterable[str] = ()) -> None:
        """Set an account's quotas, and lift those that are named in `gone`."""
        changes = [(key, value, False) for key, value in quotas.items()] + [(key, 0.0, True) for key in gone]
        answer = await self._ask("quotas", AlterClientQuotas([([("user", account)], changes)], False))
        for code, *_ in answer.entries:
            raise_for(code, account)

    async def _alter_accounts(self, deletions: list[Any], upsertions: list[Any]) -> None:
        if deletions or upsertions:
            answer = await self._ask("accounts", AlterUserScramCredentials(deletions, upsertions, {}))
            for user, code, *_ in answer.results:
                raise_for(code, user)

    async def _ask(self, what: str, struct: Any) -> Any:
        with refusals(what):  # any broker will do: it hands on to the controller what it does not decide itself
            return await self._client.send(self._client.get_random_node(), Exactly(struct))


def _salted(name: str, password: str) -> tuple[str, int, int, bytes, bytes, dict[int, bytes]]:
    """An account as the broker keeps it: salt and salted password (RFC 5802)."""
    salt = secrets.token_bytes(32)
    return (name, SCRAM_SHA_512, ITERATIONS, salt, _hash(password, salt), {})


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)


@asynccontextmanager
async def access_admin(kafka: Kafka) -> AsyncIterator[AccessAdmin]:
    """A connection for the time of the block. Raises KafkaRefused where no broker answers."""
    client = AIOKafkaClient(**kafka.client())
    try:
        with refusals("cluster"):
            await client.bootstrap()
        yield AccessAdmin(client)
    finally:
        await client.close()
