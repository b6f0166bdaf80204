"""What a broker is told."""

import base64
from pathlib import Path

import pytest

from deploy.local.kafka import Broker, new_cluster_id, properties, write_properties

CLUSTER = [
    Broker(number, 9000 + number, 9100 + number, Path(f"/data/kafka-{number}"), 9200 + number) for number in (1, 2, 3)
]

OWN = "of-the-nodes"


@pytest.mark.parametrize(("nodes", "copies", "in_sync"), [(1, "1", "1"), (3, "3", "2")])
def test_internal_topics_fit_the_number_of_nodes(nodes: int, copies: str, in_sync: str) -> None:
    values = properties(CLUSTER[0], CLUSTER[:nodes], message_max_bytes=1000, password=OWN)
    factors = {key: value for key, value in values.items() if key.endswith("replication.factor")}
    assert len(factors) == 4
    assert set(factors.values()) == {copies}
    assert {value for key, value in values.items() if key.endswith((".min.isr", "insync.replicas"))} == {in_sync}


def test_every_node_knows_every_controller_and_announces_itself() -> None:
    values = properties(CLUSTER[1], CLUSTER, message_max_bytes=1000, password=OWN)
    assert values["controller.quorum.voters"] == "1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103"
    assert values["advertised.listeners"] == "SERVICES://127.0.0.1:9002,PARTNERS://127.0.0.1:9202"
    assert values["node.id"] == "2"


def test_nobody_comes_in_without_an_account() -> None:
    values = properties(CLUSTER[0], CLUSTER, message_max_bytes=1000, password=OWN)
    kinds = dict(pair.split(":") for pair in values["listener.security.protocol.map"].split(","))
    listeners = {listener.partition("://")[0] for listener in values["listeners"].split(",")}
    assert kinds == dict.fromkeys(listeners, "SASL_PLAINTEXT")
    assert values["allow.everyone.if.no.acl.found"] == "false"
    assert values["super.users"] == "User:operator;User:cluster"


def test_topics_are_never_made_by_a_misspelt_name() -> None:
    assert properties(CLUSTER[0], CLUSTER[:1], 1000, OWN)["auto.create.topics.enable"] == "false"


def test_a_large_message_can_be_replicated() -> None:
    values = properties(CLUSTER[0], CLUSTER, message_max_bytes=4_000_000, password=OWN)
    assert values["message.max.bytes"] == values["replica.fetch.max.bytes"] == "4000000"


def test_properties_are_written_as_java_reads_them(tmp_path: Path) -> None:
    write_properties(tmp_path / "new" / "server.properties", {"a.b": "1", "c": "x,y"})
    assert (tmp_path / "new" / "server.properties").read_text() == "a.b=1\nc=x,y\n"


def test_a_cluster_id_is_sixteen_random_bytes() -> None:
    first, second = new_cluster_id(), new_cluster_id()
    assert first != second
    assert len(base64.urlsafe_b64decode(first + "==")) == 16


def test_no_cluster_id_looks_like_an_option() -> None:
    assert [made for made in (new_cluster_id() for _ in range(1000)) if made.startswith("-")] == []
