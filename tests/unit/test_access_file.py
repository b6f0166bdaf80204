"""The file of accounts gives what a process's work needs, and a partner nothing beyond its two topics."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.access.file import Access
from deploy.access.kafka import wanted
from deploy.access.mongo import wanted as wanted_users
from shared.events.registry import load_topics
from shared.messaging.access import Operation, Resource, Rule

ACCESS = Access.read()
WANTED = wanted(ACCESS.kafka, load_topics().values(), "p-")


def rules_of(account: str) -> set[Rule]:
    """One account's rules."""
    return {rule for rule in WANTED.rules if rule.principal == f"p-{account}"}


@pytest.mark.parametrize("partner", sorted(ACCESS.kafka.partners))
def test_a_partner_gets_two_topics_and_groups_of_its_own(partner: str) -> None:
    name = f"p-{partner}"
    assert rules_of(partner) == {
        Rule(name, Operation.WRITE, Resource.TOPIC, f"p-partner-{partner}"),
        Rule(name, Operation.DESCRIBE, Resource.TOPIC, f"p-partner-{partner}"),
        Rule(name, Operation.READ, Resource.TOPIC, f"p-agency-{partner}"),
        Rule(name, Operation.DESCRIBE, Resource.TOPIC, f"p-agency-{partner}"),
        Rule(name, Operation.READ, Resource.GROUP, f"p-{partner}-", prefixed=True),
    }


def test_every_partner_that_writes_a_topic_has_an_account() -> None:
    assert {name for topic in load_topics().values() if topic.kind == "partner" for name in topic.producers} == set(
        ACCESS.kafka.partners
    )


def test_every_topic_is_written_and_read_by_the_accounts_of_whom_it_names() -> None:
    for topic in load_topics().values():
        about = {rule for rule in WANTED.rules if (rule.resource, rule.name) == (Resource.TOPIC, f"p-{topic.name}")}
        for operation, owners in ((Operation.WRITE, topic.producers), (Operation.READ, topic.consumers)):
            able = {rule.principal.removeprefix("p-").split("-")[0] for rule in about if rule.operation == operation}
            assert able == set(owners), topic.name


def test_no_account_has_a_right_to_the_cluster_or_to_transactions() -> None:
    assert {rule.resource for rule in WANTED.rules} == {Resource.TOPIC, Resource.GROUP}
    assert {rule.operation for rule in WANTED.rules} == {
        Operation.READ,
        Operation.WRITE,
        Operation.DESCRIBE,
        Operation.DELETE,
    }


def test_only_the_clocks_users_change_an_audit() -> None:
    changing = {
        user
        for user, rights in wanted_users(ACCESS.mongo, "").items()
        for _, collection, action in rights
        if collection == "audit" and action in {"update", "remove"}
    }
    assert changing == {"intake-clock", "cases-clock", "notify-clock"}


def test_nobody_changes_a_whole_database_that_has_an_audit() -> None:
    for user, rights in wanted_users(ACCESS.mongo, "").items():
        whole = {
            database for database, collection, action in rights if not collection and action in {"update", "remove"}
        }
        assert not whole & {"pulang_intake", "pulang_cases", "pulang_notify"}, user


@pytest.mark.parametrize(
    "right",
    ["{right: door, database: d}", "{right: owner, database: d, collection: c}", "{right: service, database: d}"],
)
def test_a_right_that_says_too_much_or_too_little_is_a_mistake(right: str, tmp_path: Path) -> None:
    file = tmp_path / "access.yaml"
    kafka = "kafka: {administrators: [], services: {}, partners: {}}"
    file.write_text(f"{kafka}\nmongo: {{administrators: [], users: {{u: [{right}]}}}}\n")
    with pytest.raises(ValidationError):
        Access.read(file)
