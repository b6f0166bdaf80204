"""Accounts, rules and quotas at Kafka: what the file and `topics.yaml` say, against what brokers keep."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from deploy.access.difference import NEW_ACCOUNT, Difference, differences
from deploy.access.file import KafkaPart, ServiceAccount
from deploy.access.passwords import Passwords
from shared.events.registry import TopicSpec
from shared.messaging.access import AccessAdmin, Operation, Quotas, Resource, Rule

SERVER = "kafka"
WRITE = (Operation.WRITE, Operation.DESCRIBE)
READ = (Operation.READ, Operation.DESCRIBE)
SETTLED_S = 15.0


@dataclass(frozen=True)
class Wanted:
    """What should be, with names as the cluster knows them."""

    accounts: Set[str]
    rules: Set[Rule]
    quotas: Mapping[str, Quotas]


def wanted(part: KafkaPart, topics: Iterable[TopicSpec], prefix: str) -> Wanted:
    """What the file asks for; `prefix` stands before accounts, topics and groups."""
    specs = list(topics)
    rules = [rule for name, account in part.services.items() for rule in service_rules(name, account, specs)]
    rules += [rule for name in part.partners for rule in partner_rules(name, specs)]
    return Wanted(
        accounts={prefix + name for name in (*part.services, *part.partners)},
        rules={
            Rule(prefix + r.principal, r.operation, r.resource, prefix + r.name, prefixed=r.prefixed) for r in rules
        },
        quotas={prefix + name: quotas.model_dump() for name, quotas in part.partners.items()},
    )


def service_rules(name: str, account: ServiceAccount, topics: Iterable[TopicSpec]) -> Iterator[Rule]:
    """What a process of ours needs, and nothing more."""
    if "read" in account.may:
        yield Rule(name, Operation.READ, Resource.GROUP, account.service)
    for topic in topics:
        if "write" in account.may and account.service in topic.producers:
            yield from (Rule(name, each, Resource.TOPIC, topic.name) for each in WRITE)
        if account.service in topic.consumers:
            if "read" in account.may:
                yield from (Rule(name, each, Resource.TOPIC, topic.name) for each in READ)
            if "purge" in account.may and topic.kind == "partner":
                yield Rule(name, Operation.DELETE, Resource.TOPIC, topic.name)


def partner_rules(name: str, topics: Iterable[TopicSpec]) -> Iterator[Rule]:
    """A partner's own topic, its agency's, and groups of its own."""
    yield Rule(name, Operation.READ, Resource.GROUP, f"{name}-", prefixed=True)
    for topic in topics:
        if name in topic.producers:
            yield from (Rule(name, each, Resource.TOPIC, topic.name) for each in WRITE)
        if name in topic.consumers:
            yield from (Rule(name, each, Resource.TOPIC, topic.name) for each in READ)


class KafkaAccess:
    """Compares and makes. Platforms that share a cluster are told apart by their prefix."""

    def __init__(self, part: KafkaPart, topics: Iterable[TopicSpec], prefix: str, admin: AccessAdmin) -> None:
        self._want, self._prefix, self._admin = wanted(part, topics, prefix), prefix, admin
        self._administrators = frozenset(part.administrators)

    async def check(self) -> list[Difference]:
        """What is not as the file says."""
        want, existing = self._want, await self._accounts()
        rules, quotas = await self._rules(), await self._admin.quotas()
        found: list[Difference] = []
        for name in sorted(want.accounts | existing | {rule.principal for rule in rules}):
            for what, should, does in (
                (NEW_ACCOUNT, {name} & want.accounts, {name} & existing),
                ("rule", _of(name, want.rules), _of(name, rules)),
                ("quota", _lines(want.quotas.get(name)), _lines(quotas.get(name))),
            ):
                found += differences(SERVER, name, what, should, does, known=name in want.accounts)
        return found

    async def apply(self, passwords: Passwords, *, renew: bool, revoke: bool) -> None:
        """Make every declared account exactly what the file says; `renew` sets all passwords again from the files.

        With `revoke`, what the file does not name goes. Returns when the brokers show it.
        """
        want, existing = self._want, await self._accounts()
        new = want.accounts if renew else want.accounts - existing
        await self._admin.set_passwords({name: passwords.of(self._file(name)) for name in sorted(new)})
        rules = await self._rules()
        foreign = {rule for rule in rules if rule.principal not in want.accounts}
        await self._admin.add(want.rules - rules)
        await self._admin.remove(rules - want.rules - (set() if revoke else foreign))
        await self._set_quotas()
        if revoke:
            await self._admin.drop_accounts(existing - want.accounts)
        await self._settled(revoke=revoke)

    async def _set_quotas(self) -> None:
        found = await self._admin.quotas()
        for name in sorted(self._want.accounts):
            wanted, kept = self._want.quotas.get(name, {}), found.get(name, {})
            if wanted != kept:
                await self._admin.set_quotas(name, wanted, gone=kept.keys() - wanted.keys())

    async def _settled(self, *, revoke: bool) -> None:
        """Until brokers have heard of it from the controller: who starts next must be let in."""
        async with asyncio.timeout(SETTLED_S):
            while any(revoke or each.known for each in await self.check()):
                await asyncio.sleep(0.05)

    async def _accounts(self) -> set[str]:
        return {name for name in await self._admin.accounts() if self._ours(name)}

    async def _rules(self) -> set[Rule]:
        return {rule for rule in await self._admin.rules() if self._ours(rule.principal) or self._about_ours(rule)}

    def _ours(self, account: str) -> bool:
        return account.startswith(self._prefix) and account not in self._administrators

    def _about_ours(self, rule: Rule) -> bool:
        return bool(self._prefix) and rule.name.startswith(self._prefix)

    def _file(self, account: str) -> str:
        return f"{SERVER}-{account.removeprefix(self._prefix)}"


def _of(account: str, rules: Iterable[Rule]) -> set[Rule]:
    return {rule for rule in rules if rule.principal == account}


def _lines(quotas: Quotas | None) -> list[str]:
    return [f"{key} {value:.0f}" for key, value in (quotas or {}).items()]
