"""Where Kafka is and how this process uses it. Everything is checked when it is made, nothing when it is too late."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from ssl import SSLContext
from typing import Any

from aiokafka import TopicPartition

from shared.events.incoming import Partition


@dataclass(frozen=True, slots=True)
class Kafka:
    """A cluster's address, which may begin with `user:password@`, as a database's connection string may.

    `options` go to every client (TLS, SASL).

    `topic_prefix` stands before every topic and group, so that several platforms (or tests) can share a cluster;
    everything above messaging speaks of topics without it.
    """

    bootstrap: str
    topic_prefix: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def client(self) -> dict[str, Any]:
        """What every aiokafka client is made with."""
        account, _, brokers = self.bootstrap.rpartition("@")
        name, _, password = account.partition(":")
        signed_in = account_options(name, password) if account else {}
        return {"bootstrap_servers": brokers, "metadata_max_age_ms": 30_000, **signed_in, **self.options}

    @property
    def brokers(self) -> str:
        """The address without an account, to be shown."""
        return self.bootstrap.rpartition("@")[2]

    def actual(self, name: str) -> str:
        """A topic's or group's name in the cluster."""
        return self.topic_prefix + name

    def logical(self, place: TopicPartition) -> Partition:
        """A partition as the platform names it."""
        return Partition(place.topic.removeprefix(self.topic_prefix), place.partition)

    def place(self, partition: Partition) -> TopicPartition:
        """A partition as the cluster names it."""
        return TopicPartition(self.actual(partition.topic), partition.number)


def account_options(username: str | None, password: str | None, trust: SSLContext | None = None) -> dict[str, Any]:
    """How a principal signs in (SCRAM-SHA-512), over TLS where there is something to `trust` the brokers by."""
    if not username:
        return {"security_protocol": "SSL", "ssl_context": trust} if trust else {}
    return {
        "security_protocol": "SASL_SSL" if trust else "SASL_PLAINTEXT",
        "ssl_context": trust,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": username,
        "sasl_plain_password": password,
    }


@dataclass(frozen=True, slots=True)
class Budgets:
    """Time budgets in seconds. Each must be over before the one around it runs out; wrong nesting raises ValueError.

    A batch that outlives the drain is redelivered; a drain that outlives the rebalance costs the membership; a
    process that outlives its grace period is killed in the middle of whatever it does.
    """

    handler_batch_s: float = 1.0
    transaction_s: float = 5.0
    drain_s: float = 6.0
    commit_floor_s: float = 1.0
    """The part of the drain that is kept for committing offsets, however long the batch takes."""
    leave_s: float = 2.0
    """For leaving the group and closing connections, after the drain."""
    command_floor_s: float = 0.75
    """For commands under way, after everything that takes work in has ended."""
    close_s: float = 0.5
    """For closing the process's connections, after that."""
    grace_s: float = 10.0
    """Between the request to stop and the kill."""
    rebalance_s: float = 60.0
    max_poll_s: float = 300.0

    def __post_init__(self) -> None:
        nested = ("handler_batch_s", "transaction_s", "drain_s", "rebalance_s")
        for inner, outer in pairwise(nested):
            self._require(getattr(self, inner) < getattr(self, outer), f"{inner} < {outer}")
        self._require(self.handler_batch_s > 0, "handler_batch_s > 0")
        self._require(self.rebalance_s <= self.max_poll_s, "rebalance_s <= max_poll_s")
        self._require(
            self.transaction_s + self.commit_floor_s <= self.drain_s, "transaction_s + commit_floor_s <= drain_s"
        )
        self._require(self.stop_s < self.grace_s, "drain_s + leave_s + command_floor_s + close_s < grace_s")

    @property
    def stop_s(self) -> float:
        """All that a process may take from the request to stop; it then goes, and names what would not end."""
        return self.drain_s + self.leave_s + self.command_floor_s + self.close_s

    def around(self, transaction_life_s: float) -> str | None:
        """What is wrong with a server's `transactionLifetimeLimitSeconds`, which is how long it keeps the locks of a
        transaction that nobody ends: it lasts longer than ours, and a killed process's locks go with the process."""
        if transaction_life_s <= self.transaction_s:
            return (
                f"not above transaction_s, {self.transaction_s:g}: the server ends transactions that we still work on"
            )
        if transaction_life_s > self.grace_s:
            return f"above grace_s, {self.grace_s:g}: what a killed process held stays locked for its heir"
        return None

    @staticmethod
    def _require(holds: bool, rule: str) -> None:
        if not holds:
            raise ValueError(f"time budgets do not nest: {rule}")


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """How one consumer reads. Topics are named without the cluster's prefix."""

    group: str
    topics: tuple[str, ...]
    budgets: Budgets = Budgets()
    max_records: int = 1000
    max_bytes: int = 8_000_000
    session_timeout_s: float = 45.0
    stall_s: float = 90.0
    """Partitions lag and nothing was applied for this long: the consumer has died without saying so."""
    poll_s: float = 0.2
    pressure_s: float = 0.5
    """A batch that waits longer than this for the lane pauses the partitions."""

    def __post_init__(self) -> None:
        if not self.topics:
            raise ValueError("a consumer needs topics")

    def client(self) -> dict[str, Any]:
        """What the aiokafka consumer is made with; each value is here because its default is wrong for us."""
        return {
            "enable_auto_commit": False,  # it would commit what was delivered, not what was applied
            "auto_offset_reset": "none",  # positions come from the database; a reset would skip or repeat silently
            "isolation_level": "read_committed",
            "max_poll_records": self.max_records,
            "fetch_max_bytes": self.max_bytes,
            "max_partition_fetch_bytes": 1_048_576,
            "session_timeout_ms": int(self.session_timeout_s * 1000),
            "heartbeat_interval_ms": int(min(1.0, self.session_timeout_s / 3) * 1000),  # how soon a rebalance shows
            # aiokafka takes the session's time-out for this, which is too short for a drain (aio-libs/aiokafka#482)
            "rebalance_timeout_ms": int(self.budgets.rebalance_s * 1000),
            "max_poll_interval_ms": int(self.budgets.max_poll_s * 1000),
        }
